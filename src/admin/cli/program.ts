import { Command as Program, CommanderError } from 'commander';
import { IoError } from '#io';
import { CliError, ExitCode } from './exit-code.ts';
import type { CliRuntime } from './runtime.ts';

/** One or more commands of `hubfarm`: adds them to the program. `exit` tells what the process ends with. */
export type CommandRegistration = (program: Program, cli: CliProgram) => void;

export interface CliProgram extends CliRuntime {
  /** The exit code, where it is not 0. Errors (`CliError`) set their own. */
  readonly exit: (code: number) => void;
}

const examples = `
Examples:
  hubfarm hub create VPN                        make a hub on the server of this machine
  hubfarm user add alice --hub VPN              make a user; the password is asked for
  hubfarm session list --hub VPN --json         who is connected
  hubfarm hub list --server vpn.example.org     any SoftEther-compatible server
  hubfarm cmd /ADMINHUB:VPN /CMD UserList       vpncmd's own commands

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no connection, 4 wrong password.`;

/** Runs one command line. Resolves with the exit code; errors have been shown. Unexpected ones are thrown. */
export async function runProgram(
  argv: readonly string[],
  runtime: CliRuntime,
  registrations: readonly CommandRegistration[],
): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = new Program('hubfarm')
    .description('Virtual Hub VPN server that SoftEther clients connect to, and its command line')
    .version(runtime.version, '-V, --version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => runtime.terminal.write(text),
      writeErr: (text) => runtime.terminal.writeError(text),
      getOutHelpWidth: () => runtime.terminal.columns,
      getErrHelpWidth: () => runtime.terminal.columns,
    })
    .addHelpText('after', examples);
  const cli: CliProgram = { ...runtime, exit: (code) => (exitCode = code) };
  for (const register of registrations) register(program, cli);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has shown its own message; its "errors" include --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return explain(runtime, error);
  } finally {
    runtime.terminal.close();
  }
}

function explain({ terminal }: CliRuntime, error: unknown): number {
  const isExpected = error instanceof CliError || error instanceof IoError;
  if (!isExpected) throw error;
  terminal.writeError(`hubfarm: ${error.message}\n`);
  return error instanceof CliError ? error.exitCode : ExitCode.refused;
}
