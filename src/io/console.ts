/** Programs that are talked to line by line as long as they run (`nft -i`), without a shell. They end when we do. */
export interface Consoles {
  /** Resolves when it runs. @throws IoError COMMAND_NOT_FOUND, NO_PERMISSION, OTHER. */
  open(program: string, args: readonly string[], sink: ConsoleSink): Promise<Console>;
}

export interface ConsoleSink {
  /** A line of its output, without the line feed. Lines of the two streams come in no particular order. */
  line(text: string, stream: 'output' | 'error'): void;
  /** Once, after the last line. */
  ended(exit: { readonly code: number | undefined; readonly signal: string | undefined }): void;
}

export interface Console {
  readonly pid: number;
  /** What it does not read yet waits. Does nothing when it has ended. */
  write(text: string): void;
  /** Closes its input, at which it ends. */
  close(): void;
  kill(): void;
}
