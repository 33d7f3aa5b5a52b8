export { cliCommands } from './commands-of-program.ts';
export { knownServersPath } from './connection.ts';
export { parseHostAndPort, type HostAndPort } from './endpoint.ts';
export { CliError, ExitCode, usageError } from './exit-code.ts';
export { parseFingerprint } from './known-servers.ts';
export { runProgram, type CliProgram, type CommandRegistration } from './program.ts';
export type { CliRuntime } from './runtime.ts';
export { ServerTrust } from './server-trust.ts';
