import type { Command as Program } from 'commander';
import { commandTable } from '../commands/table.ts';

export interface Choice {
  readonly word: string;
  readonly about: string;
}

/** What may follow at one place of the command line. */
export interface CompletionPlace {
  /** The words before it, options left out: '', 'hub', 'hub create'. */
  readonly path: string;
  readonly choices: readonly Choice[];
}

/** Words of `hubfarm cmd` that shells complete as they stand. */
const slashWords: readonly Choice[] = [
  { word: '/CMD', about: 'run one command' },
  { word: '/ADMINHUB:', about: 'select this hub' },
  { word: '/HUB:', about: 'log in as administrator of this hub' },
  { word: '/IN:', about: 'run the commands of a file' },
  { word: '/OUT:', about: 'keep a copy of what is printed' },
  { word: '/CSV', about: 'print CSV' },
  { word: '--json', about: 'print JSON' },
  { word: '--password-file', about: 'read the password from a file' },
  { word: '--fingerprint', about: 'the one server certificate to believe' },
  { word: '--insecure', about: 'believe any server certificate' },
  { word: '--help', about: 'explain the options' },
];

/** The place behind /CMD. */
export const COMMAND_PATH = 'cmd /CMD';

/** Every place of the command line, from the program that commander runs and from the table of commands. */
export function completionPlaces(program: Program): CompletionPlace[] {
  const commands = [...commandTable].sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    ...placesOf(program, ''),
    { path: COMMAND_PATH, choices: commands.map(({ name, title }) => ({ word: name, about: title })) },
  ];
}

function placesOf(command: Program, path: string): CompletionPlace[] {
  if (path === 'cmd') return [{ path, choices: slashWords }];
  const children = command.commands.map((child) => ({ word: child.name(), about: child.description() }));
  const options = command.options.flatMap(({ short, long, description }) =>
    [short, long].filter((word) => word?.startsWith('--') === true).map((word = '') => ({ word, about: description })),
  );
  const below = command.commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`.trim()));
  return [{ path, choices: [...children, ...options, { word: '--help', about: 'explain it' }] }, ...below];
}
