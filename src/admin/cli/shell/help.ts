import type { Command, Parameter } from '../commands/command.ts';
import { commandTable } from '../commands/table.ts';
import { unavailableCommands } from '../commands/unavailable.ts';
import { describedList, wrapText } from '../output/wrap.ts';

const MIN_WIDTH = 40;

const nameOf = ({ name }: Parameter): string => (name.startsWith('[') ? name.slice(1, -1) : `/${name}`);

const usageOf = ({ name }: Parameter): string => (name.startsWith('[') ? name : `[/${name}:${name.toLowerCase()}]`);

const usageLine = ({ name, parameters }: Command): string => [name, ...parameters.map(usageOf)].join(' ');

const indented = (text: string, width: number): string[] => wrapText(text, width - 2).map((line) => `  ${line}`);

/** What `Name /?` prints. */
export function commandHelp(command: Command, terminalColumns: number): string[] {
  const width = Math.max(terminalColumns - 1, MIN_WIDTH);
  const lines = [
    `Help for command "${command.name}"`,
    '',
    'Purpose:',
    ...indented(command.title, width),
    '',
    'Description:',
    ...indented(command.help, width),
    '',
    'Usage:',
    ...indented(usageLine(command), width),
  ];
  if (command.parameters.length > 0) {
    const entries = command.parameters.map((parameter) => [nameOf(parameter), parameter.help] as const);
    lines.push('', 'Parameters:', ...describedList(entries, 2, width));
  }
  if (command.columns.length > 0) {
    const entries = command.columns.map(({ key, title }) => [key, title] as const);
    lines.push('', 'Columns, by their names in JSON:', ...describedList(entries, 2, width));
  }
  return lines;
}

/** What `help` prints. */
export function commandList(terminalColumns: number): string[] {
  const width = Math.max(terminalColumns - 1, MIN_WIDTH);
  const commands = [...commandTable].sort((a, b) => (a.name < b.name ? -1 : 1));
  const missing = `Known to vpncmd, but not available in this version of hubfarm: ${unavailableCommands.join(', ')}.`;
  return [
    `You can use the following ${commands.length} commands:`,
    ...describedList(
      commands.map(({ name, title }) => [name, title] as const),
      1,
      width,
    ),
    '',
    ...wrapText(missing, width),
    '',
    'To reference the usage for each command, input "command name ?" to view a help.',
  ];
}
