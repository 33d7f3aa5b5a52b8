import { writeHex8 } from './hex8.ts';

const slabBytes = 64 * 1024;
const hexDigits = 8;
/** None must be longer: what is read as plain, and what is added to it. */
const messageMaxBytes = 8 * 1024;

/** Writes messages straight into the memory that they are sent from: what is sent is not written to again. */
export class MessageBytes {
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  #start = 0;
  #at = 0;

  begin(): void {
    if (this.#at + messageMaxBytes > slabBytes) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#at = 0;
    }
    this.#start = this.#at;
  }

  /** Of one byte a character. */
  text(text: string): void {
    const slab = this.#slab;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) slab[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  bytes(from: Uint8Array, start: number, end: number): void {
    const slab = this.#slab;
    let at = this.#at;
    for (let i = start; i < end; i++) slab[at++] = from[i]!;
    this.#at = at;
  }

  /** As eight hex digits. */
  hex8(value: number): void {
    writeHex8(value, this.#slab, this.#at);
    this.#at += hexDigits;
  }

  finish(): Buffer {
    return this.#slab.subarray(this.#start, this.#at);
  }
}
