import { flag, integer } from '../output/cell.ts';
import { capabilityTitles } from './capability-titles.ts';
import { showTable, type Command } from './command.ts';
import { customCommand } from './kinds.ts';

export const capabilityCommands: readonly Command[] = [
  customCommand({
    name: 'Caps',
    title: 'Get List of Server Functions/Capability',
    help: 'Lists what the server can do, and its limits.',
    calls: ['GetCaps'],
    run: async ({ api }) => {
      const answer = await api.call('GetCaps');
      const properties = Object.entries(capabilityTitles).map(([name, title]) => {
        const value = answer.integer(`caps_${name}`);
        return { key: name, title, value: name.startsWith('b_') ? flag(value !== 0) : integer(value) };
      });
      return showTable({ kind: 'properties', properties });
    },
  }),
];
