import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { LineEditing, Terminal } from '../terminal.ts';

const DEFAULT_COLUMNS = 80;

/** What the runtime gives as standard streams; a test passes its own. */
export interface StandardStreams {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly errors: NodeJS.WritableStream;
}

/** Lines of an input that nobody types: read ahead, handed out one by one. */
class ScriptLines {
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(input: NodeJS.ReadableStream) {
    this.#reader = createInterface({ input, crlfDelay: Infinity });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async next(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }

  close(): void {
    this.#reader.close();
  }
}

export class NodeTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly #streams: StandardStreams;
  #script: ScriptLines | undefined;

  constructor(streams: StandardStreams) {
    this.#streams = streams;
    this.isInteractive = streams.input.isTTY === true && streams.output.isTTY === true;
  }

  get columns(): number {
    return this.#streams.output.columns ?? DEFAULT_COLUMNS;
  }

  write(text: string): void {
    this.#streams.output.write(text);
  }

  writeError(text: string): void {
    this.#streams.errors.write(text);
  }

  async readLine(prompt: string, editing: LineEditing = {}): Promise<string | undefined> {
    if (!this.isInteractive) return this.#nextScriptLine();
    const { complete, history = [] } = editing;
    const reader = createInterface({
      input: this.#streams.input,
      output: this.#streams.output,
      terminal: true,
      history: [...history],
      ...(complete === undefined
        ? {}
        : {
            completer: (line: string): [string[], string] => {
              const { candidates, replaces } = complete(line);
              return [[...candidates], replaces];
            },
          }),
    });
    return ask(reader, prompt);
  }

  async readSecret(prompt: string): Promise<string | undefined> {
    if (!this.isInteractive) return this.#nextScriptLine();
    const { input, output } = this.#streams;
    output.write(prompt);
    // readline edits the line as usual; what it would draw goes nowhere.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
    const secret = await ask(reader, '');
    output.write('\n');
    return secret;
  }

  close(): void {
    this.#script?.close();
  }

  #nextScriptLine(): Promise<string | undefined> {
    this.#script ??= new ScriptLines(this.#streams.input);
    return this.#script.next();
  }
}

function ask(reader: Interface, prompt: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Ctrl+D, and Ctrl+C on an idle prompt, end the input.
    reader.once('close', () => resolve(undefined));
    reader.question(prompt, (answer) => {
      resolve(answer);
      reader.close();
    });
  });
}
