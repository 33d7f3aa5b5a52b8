import { Argument } from 'commander';
import type { CommandRegistration } from '../program.ts';
import { completionPlaces } from './completion-tree.ts';
import { completionScript, type ShellName } from './shell-scripts.ts';

const shells: readonly ShellName[] = ['bash', 'zsh', 'fish'];

/** `hubfarm completion bash`. Looks at the program when it runs, so that commands registered later are in it. */
export const completionCommand: CommandRegistration = (program, { terminal }) => {
  program
    .command('completion')
    .description('print a script that completes hubfarm commands in your shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: ShellName) => {
      terminal.write(completionScript(shell, completionPlaces(program)));
    });
};
