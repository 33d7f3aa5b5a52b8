/** Starts programs that run for long, without a shell, and keeps hold of them. */
export interface Processes {
  /** Resolves when it runs. @throws IoError COMMAND_NOT_FOUND, NO_PERMISSION, OTHER. */
  start(options: ProcessOptions, sink: ProcessSink): Promise<RunningProcess>;
  /**
   * Ends the process that `pidFile` names, if a process of this program that was killed left it behind: first asks, after
   * `graceMs` kills. Never one that only has the same number. True: there was one.
   */
  endLeftover(pidFile: string, graceMs: number): Promise<boolean>;
}

export interface ProcessOptions {
  /** A path, or a name that is looked for where the system keeps its programs. */
  readonly program: string;
  readonly args: readonly string[];
  /** All that it gets but the system's PATH; nothing of our own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Written when it runs and removed when it has ended: what `endLeftover` reads. */
  readonly pidFile: string;
}

export interface ProcessSink {
  /** A line of its output (both streams), without the line feed; one that is too long comes in pieces. */
  line(text: string): void;
  /** Once, after the last line. One of the two is set. */
  ended(exit: { readonly code: number | undefined; readonly signal: string | undefined }): void;
}

export interface RunningProcess {
  readonly pid: number;
  /** Asks it to end (SIGTERM), or ends it (SIGKILL). Does nothing when it has ended. */
  end(how: 'ask' | 'kill'): void;
}
