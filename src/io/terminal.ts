/** The person, or the script, on the other side of standard input and output. */
export interface Terminal {
  /** Somebody can be asked: input and output are both a terminal. */
  readonly isInteractive: boolean;
  /** Width of the output; 80 where it is not known. */
  readonly columns: number;
  write(text: string): void;
  writeError(text: string): void;
  /** The next line without its end, or undefined at the end of the input. The prompt is shown only to a person. */
  readLine(prompt: string, editing?: LineEditing): Promise<string | undefined>;
  /** As `readLine`, but what is typed is not shown and not kept. */
  readSecret(prompt: string): Promise<string | undefined>;
  /** Lets go of the input, so that the process can end. */
  close(): void;
}

export interface LineEditing {
  /** Whole words that may stand where `line` ends, and the part of `line` that they replace. */
  readonly complete?: (line: string) => { readonly candidates: readonly string[]; readonly replaces: string };
  /** Earlier lines, newest first; arrow keys walk through them. */
  readonly history?: readonly string[];
}
