import type { DatagramSink } from '#io';

interface Letter {
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

/** Keeps what a socket receives. */
export class Mailbox implements DatagramSink {
  readonly letters: Letter[] = [];
  readonly refusals: { readonly address: string; readonly port: number; readonly error: Error }[] = [];
  #read = 0;
  #changed: (() => void)[] = [];

  received(bytes: Buffer, address: string, port: number): void {
    this.letters.push({ bytes, address, port });
    this.#wake();
  }

  refused(address: string, port: number, error: Error): void {
    this.refusals.push({ address, port, error });
    this.#wake();
  }

  async next(): Promise<{ readonly text: string; readonly address: string; readonly port: number }> {
    await this.count(this.#read + 1);
    const { bytes, address, port } = this.letters[this.#read++]!;
    return { text: bytes.toString(), address, port };
  }

  async count(letters: number): Promise<void> {
    await this.#until(() => this.letters.length >= letters);
  }

  async refusal(): Promise<{ readonly address: string; readonly port: number; readonly error: Error }> {
    await this.#until(() => this.refusals.length > 0);
    return this.refusals[0]!;
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #wake(): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }
}
