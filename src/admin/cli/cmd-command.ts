import type { CommandRegistration } from './program.ts';
import { runCmd } from './shell/cmd.ts';

/** `hubfarm cmd`: its words are vpncmd's business, not commander's. */
export const cmdCommand: CommandRegistration = (program, cli) => {
  program
    .command('cmd')
    .description("vpncmd's own commands and syntax, one or a shell (hubfarm cmd --help)")
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (words: string[]) => {
      cli.exit(await runCmd(cli, words));
    });
};
