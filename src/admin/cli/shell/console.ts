import type { Terminal, UserFiles } from '#io';

/** Where a shell writes: the terminal, and a copy in the /OUT file. */
export class Console {
  readonly #terminal: Terminal;
  readonly #files: UserFiles;
  readonly #copyPath: string | undefined;
  #copied = '';

  constructor(terminal: Terminal, files: UserFiles, copyPath: string | undefined) {
    this.#terminal = terminal;
    this.#files = files;
    this.#copyPath = copyPath;
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  /** Makes the /OUT file, empty: one that cannot be written is found out before anything is done. */
  async start(): Promise<void> {
    if (this.#copyPath !== undefined) await this.#files.write(this.#copyPath, '');
  }

  write(lines: readonly string[]): void {
    for (const line of lines) {
      this.#terminal.write(`${line}\n`);
      if (this.#copyPath !== undefined) this.#copied += `${line}\n`;
    }
  }

  /** Only to the person or the error log; not part of the results. */
  warn(text: string): void {
    this.#terminal.writeError(`${text}\n`);
  }

  /** Brings the copy up to date. */
  async flush(): Promise<void> {
    if (this.#copyPath === undefined || this.#copied === '') return;
    const text = this.#copied;
    this.#copied = '';
    await this.#files.append(this.#copyPath, text);
  }
}
