import type { ChildProcess } from 'node:child_process';

/** What a process has written so far. Its two pipes are not in step: what it wrote last may be read first. */
export class Said {
  stdout = '';
  stderr = '';
  #ending: string | undefined;
  #more = Promise.withResolvers<undefined>();

  constructor(child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => this.#add('stdout', chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#add('stderr', chunk));
    child.on('close', (code) => {
      this.#ending = `it ended with ${code}`;
      this.#wake();
    });
  }

  /** Waits for `isEnough`; rejects with all that was said when the process ends before. */
  async until(isEnough: (said: this) => boolean): Promise<void> {
    while (!isEnough(this)) {
      if (this.#ending !== undefined) throw new Error(`${this.#ending}: ${this.stderr}${this.stdout}`);
      await this.#more.promise;
    }
  }

  #add(pipe: 'stdout' | 'stderr', chunk: Buffer): void {
    this[pipe] += chunk.toString();
    this.#wake();
  }

  #wake(): void {
    this.#more.resolve(undefined);
    this.#more = Promise.withResolvers();
  }
}
