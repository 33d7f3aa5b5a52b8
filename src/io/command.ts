export interface CommandOptions {
  /** The child is killed when it is not done by then. */
  readonly timeoutMs: number;
  /** For its standard input. */
  readonly input?: string;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs other programs (`ip`, `sysctl`), without a shell. */
export interface Commands {
  /** An exit code above 0 is an answer, not an error. @throws IoError COMMAND_NOT_FOUND, TIMEOUT, TOO_LARGE, NO_PERMISSION. */
  run(program: string, args: readonly string[], options: CommandOptions): Promise<CommandResult>;
}
