import type { CommandRegistration } from '#admin/cli';
import { ConfigError } from './config/config-error.ts';
import { exampleConfig } from './config/example.ts';
import { loadConfig } from './config/load-config.ts';
import { readConfigFile } from './config/read-config-file.ts';

const refused = 1;

/** `hubfarm config check FILE` and `hubfarm config example`. Neither needs a server. */
export const configCommand: CommandRegistration = (program, { terminal, files, exit }) => {
  // The administrators' `config export` and `config import` are in the same group.
  const group = program.commands.find((command) => command.name() === 'config');
  const config = group ?? program.command('config').description('look over or start a configuration file');
  config
    .command('check')
    .description('say what is wrong with a configuration file, each problem with its line')
    .argument('<file>')
    .option('--set <section.key=value...>', 'as `hubfarm serve --set`')
    .action(async (path: string, { set = [] }: { set?: string[] }) => {
      try {
        loadConfig(await readConfigFile(files, path), set);
        terminal.write(`${path}: no problem found\n`);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        terminal.writeError(`${error.problems.join('\n')}\n`);
        exit(refused);
      }
    });
  config
    .command('example')
    .description('print a configuration file with every setting, its meaning and its default')
    .action(() => terminal.write(exampleConfig()));
};
