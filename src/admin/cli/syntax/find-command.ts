import { commandTable } from '../commands/table.ts';
import type { Command } from '../commands/command.ts';
import { unavailableCommands } from '../commands/unavailable.ts';
import { CliError, ExitCode, usageError } from '../exit-code.ts';
import { matchingNames } from './abbreviation.ts';

const titles = new Map(commandTable.map(({ name, title }) => [name, title]));

/** In the order of vpncmd's own help: abbreviations are searched in it, and lists are printed in it. */
export const allCommandNames: readonly string[] = [...titles.keys(), ...unavailableCommands].sort();

function ambiguous(typed: string, candidates: readonly string[]): Error {
  const width = Math.max(...candidates.map((name) => name.length));
  const lines = candidates.map((name) => ` ${name.padEnd(width)} - ${titles.get(name) ?? 'not available here'}`);
  return usageError(
    [
      `"${typed}": The command-name is ambiguous.`,
      'The specified command name matches the following multiple commands.',
      ...lines,
      'Please re-specify the command name more strictly.',
    ].join('\n'),
  );
}

/** Errors: `CliError` (unknown, ambiguous, known but not available). */
export function findCommand(typed: string): Command {
  const candidates = matchingNames(typed, allCommandNames);
  const [name, ...more] = candidates;
  if (name === undefined) {
    const advice = 'You can use the HELP command to view a list of the available commands.';
    throw usageError(`"${typed}": Command not found.\n${advice}`);
  }
  if (more.length > 0) throw ambiguous(typed, candidates);
  const command = commandTable.find((entry) => entry.name === name);
  if (command === undefined) {
    throw new CliError('NOT_AVAILABLE', ExitCode.refused, `${name}: not available in this version of hubfarm`);
  }
  return command;
}
