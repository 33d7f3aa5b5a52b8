export interface LogFileInfo {
  /** `<folder>/<file>`: how people and `read` name it. */
  readonly path: string;
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly modifiedAtMs: number;
}

/** Logs of this server that administrators may read. */
export interface LogFiles {
  /** In the order of their paths; a folder that is not there has none. */
  list(): Promise<readonly LogFileInfo[]>;
  /** A part of the file, from `offset` on, empty behind its end; undefined = it is not one of the list. */
  read(path: string, offset: number, maxBytes: number): Promise<Buffer | undefined>;
}
