import { HubfarmError } from '#base';

/** What `hubfarm` ends with. Scripts rely on these numbers: see docs/operations/command-line.md. */
export const ExitCode = {
  ok: 0,
  /** The server, or a local file, said no. */
  refused: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No server there, or not one to trust. */
  unreachable: 3,
  /** Wrong password, or this administrator may not log in. */
  unauthenticated: 4,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An expected end of a command: one clear line for the person, one number for the script. No stack trace. */
export class CliError extends HubfarmError {
  readonly exitCode: ExitCode;

  constructor(code: string, exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.exitCode = exitCode;
  }
}

export const usageError = (message: string): CliError => new CliError('USAGE', ExitCode.usage, message);

/** Something on this side failed: a file, an answer that makes no sense. */
export const localError = (message: string, cause?: unknown): CliError =>
  new CliError('LOCAL', ExitCode.refused, message, { cause });

/** The server answered with an error number of the SoftEther protocol. */
export class RefusedError extends CliError {
  readonly number: number;
  /** The server's words. */
  readonly reason: string;

  constructor(number: number, reason: string) {
    super('REFUSED', ExitCode.refused, `error ${number}: ${reason}`);
    this.number = number;
    this.reason = reason;
  }
}
