import { commandTable } from '../commands/table.ts';
import { matchingNames } from '../syntax/abbreviation.ts';

const names = [...commandTable.map(({ name }) => name), 'Exit', 'Help'].sort();

/** Command names at the start of a line, `/PARAMETER:` names behind a command. */
export function completeLine(line: string): { readonly candidates: readonly string[]; readonly replaces: string } {
  const [, before = '', word = ''] = /^(.*?)(\S*)$/.exec(line) ?? [];
  if (before.trim() === '') {
    const begun = names.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
    return { candidates: begun, replaces: word };
  }
  const [typed = ''] = before.trim().split(/\s+/);
  const [name, ...more] = matchingNames(typed, names);
  const command = more.length > 0 ? undefined : commandTable.find((entry) => entry.name === name);
  const parameters = command?.parameters.filter((parameter) => !parameter.name.startsWith('[')) ?? [];
  const candidates = parameters.map((parameter) => `/${parameter.name}:`);
  return {
    candidates: candidates.filter((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase())),
    replaces: word,
  };
}
