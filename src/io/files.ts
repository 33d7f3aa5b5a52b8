/** The program's own files: its data directory, settings it keeps as files, logs. Failures are `IoError`s that name the path. */
export interface Files {
  /** undefined = there is no such file. `TOO_LARGE` above `maxBytes`. */
  read(path: string, maxBytes: number): Promise<Buffer | undefined>;
  /** After it resolves the file has the new content, whatever happens; until then the old. `mode`: 0600 unless given. */
  writeAtomic(path: string, content: Uint8Array | string, options?: { readonly mode?: number }): Promise<void>;
  /**
   * As `writeAtomic`, for more than memory holds, and never over a file that exists. When `parts` throws, there is no file
   * and it rejects with that error. Mode 0600.
   */
  writeNew(path: string, parts: AsyncIterable<Uint8Array>): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** A file; one that is not there is gone already. */
  remove(path: string): Promise<void>;
  /** A folder with all that is in it; one that is not there is gone already. */
  removeDirectory(path: string): Promise<void>;
  /** Makes it and what is missing above it, for this user only (0700). One that is there keeps its mode. */
  makeDirectory(path: string): Promise<void>;
  /**
   * Takes `path` for this process until `release`, or until the process is gone, however that happens.
   * @throws IoError LOCKED, naming the process that has it.
   */
  lockDirectory(path: string): Promise<DirectoryLock>;
  /** Bytes that this user may still write on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
  openLog(options: AppendLogOptions): AppendLog;
  /**
   * Runs `listen`, which listens on a Unix socket at `path`, and leaves the socket to its owner alone. One that a
   * process left behind when it was killed is removed first: the caller knows that nobody listens there.
   */
  openOwnSocket(path: string, listen: () => Promise<void>): Promise<void>;
}

export interface DirectoryLock {
  release(): Promise<void>;
}

export interface AppendLogOptions {
  readonly directory: string;
  /** Files are called `<name>-2026-11-22.log`, by the day in UTC. */
  readonly name: string;
  /** Lines that wait for a slow disk, in bytes; what comes above that is dropped and counted. */
  readonly maxWaitingBytes?: number;
  /** Lines that come within this time of a write share the next one; absent: each is written as soon as possible. */
  readonly gatherMs?: number;
  /** A write failed (disk full, directory gone). The lines are lost; the next ones are tried again. */
  readonly failed?: (error: Error) => void;
}

/** Lines for people, one file a day. Writing never waits and never throws. */
export interface AppendLog {
  /** `line` without its line feed. False: dropped, too much waits already. */
  write(line: string): boolean;
  readonly lostLines: number;
  /** Resolves when everything written before has gone to the file (not necessarily to the disk). */
  flush(): Promise<void>;
  close(): Promise<void>;
}
