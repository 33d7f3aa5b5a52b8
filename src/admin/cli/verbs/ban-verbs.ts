import { Arguments } from '../commands/command.ts';
import { listCommand } from '../commands/kinds.ts';
import type { Fields } from '../fields.ts';
import { cell, moment, plain, type Cell } from '../output/cell.ts';
import { said, type Verb } from './verb.ts';

const dash = (text: string): Cell => (text === '' ? cell('-', null) : plain(text));

const bans = listCommand({
  name: 'BanList',
  title: 'Bans',
  help: '',
  call: 'HubfarmEnumBan',
  group: 'BanList',
  view: 'grid',
  columns: [
    { key: 'kind', title: 'Kind', value: (row: Fields) => plain(row.text('Kind')) },
    { key: 'address', title: 'Address', value: (row: Fields) => dash(row.text('Address')) },
    { key: 'user', title: 'User', value: (row: Fields) => dash(row.text('Username')) },
    { key: 'since', title: 'Since', value: (row: Fields) => moment(row.timeMs('SinceTime')) },
    { key: 'until', title: 'Until', value: (row: Fields) => moment(row.timeMs('UntilTime')) },
  ],
});

/** Only hubfarm has these: SoftEther bans nobody. */
export const banVerbs: readonly Verb[] = [
  {
    noun: 'ban',
    verb: 'list',
    about: 'list who is kept out after too many failed log-ins',
    run: (context) => bans.run(context, new Arguments(new Map())),
  },
  {
    noun: 'ban',
    verb: 'lift',
    about: 'let an address or a user try again',
    words: ['<address-or-user>'],
    run: async ({ api }, [target = '']) => {
      await api.call('HubfarmLiftBan', { Target_str: target });
      return said(`${target} may try again`, { target });
    },
  },
];
