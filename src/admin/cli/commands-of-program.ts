import { cmdCommand } from './cmd-command.ts';
import { verbCommands } from './verbs/register-verbs.ts';
import { completionCommand } from './completion/completion-command.ts';
import type { CommandRegistration } from './program.ts';
import { simulateCommand } from './simulate/simulate-command.ts';

/** What administrators run. `serve` and `connect` are app's. */
export const cliCommands: readonly CommandRegistration[] = [
  verbCommands,
  cmdCommand,
  simulateCommand,
  completionCommand,
];
