import { DecodeError } from '#base';
import { parseHead, type HttpHead } from './http-head.ts';
import type { HttpLimits } from './http-limits.ts';

export interface HttpMessage {
  readonly head: HttpHead;
  readonly body: Buffer;
}

const LF = 0x0a;
const CR = 0x0d;
const FIRST_CAPACITY_BYTES = 4096;

/**
 * Reads HTTP/1 messages with a Content-Length, one after the other; any split of the input gives the same messages.
 * What follows the last message stays as it came, for the protocol that follows. A reader that has thrown
 * DecodeError throws it again at every further call that meets the same bytes: close the connection.
 */
export class HttpReader {
  readonly #limits: HttpLimits;
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY_BYTES);
  /** The message now being read starts here. */
  #start = 0;
  #end = 0;
  /** Start of the line now being read, and how far it has been searched for its end. */
  #lineStart = 0;
  #searched = 0;
  #lines: string[] = [];
  #head: HttpHead | undefined;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Copies `chunk`. Throws DecodeError when more is waiting than the limits allow. */
  push(chunk: Uint8Array): void {
    const buffered = this.#end - this.#start + chunk.length;
    if (buffered > this.#limits.maxBufferedBytes) {
      throw new DecodeError(`${buffered} bytes waiting in the HTTP part; at most ${this.#limits.maxBufferedBytes}`, 0);
    }
    this.#makeRoom(chunk.length);
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Head of the message now being read, or undefined if it is not complete yet. Throws DecodeError on a bad or too large one. */
  head(): HttpHead | undefined {
    while (this.#head === undefined) {
      const line = this.#nextLine();
      if (line === undefined) return undefined;
      // RFC 9112 §2.2: empty lines before the first line are ignored
      if (line === '' && this.#lines.length > 0) this.#head = parseHead(this.#lines, this.#lineStart - this.#start);
      else if (line !== '') this.#addLine(line);
    }
    return this.#head;
  }

  /**
   * The whole message, body included, which is then consumed; undefined if it is not complete yet. Throws DecodeError
   * for a body above `maxBodyBytes` as soon as its length is known, and for one without a length (chunked).
   */
  take(maxBodyBytes: number): HttpMessage | undefined {
    const head = this.head();
    if (head === undefined) return undefined;
    if (head.header('transfer-encoding') !== undefined) throw new DecodeError('HTTP body without Content-Length', 0);
    const length = head.contentLength ?? 0;
    if (length > maxBodyBytes) throw new DecodeError(`HTTP body of ${length} bytes; at most ${maxBodyBytes}`, 0);
    if (this.#end - this.#lineStart < length) return undefined;
    const body = Buffer.from(this.#bytes.subarray(this.#lineStart, this.#lineStart + length));
    this.#restartAt(this.#lineStart + length);
    return { head, body };
  }

  /** A copy of every byte received and not consumed, raw: to hand the connection over, or the first bytes of a stream. */
  unread(): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#start, this.#end));
  }

  #addLine(line: string): void {
    if (this.#lines.length >= this.#limits.maxHeadLines) {
      throw new DecodeError(`HTTP head of more than ${this.#limits.maxHeadLines} lines`, this.#lineStart - this.#start);
    }
    this.#lines.push(line);
  }

  #nextLine(): string | undefined {
    const found = this.#bytes.subarray(0, this.#end).indexOf(LF, this.#searched);
    const lineEnd = found === -1 ? this.#end : found;
    this.#requireHeadRoom(lineEnd);
    this.#searched = lineEnd;
    if (found === -1) return undefined;
    const textEnd = found > this.#lineStart && this.#bytes[found - 1] === CR ? found - 1 : found;
    const line = this.#bytes.toString('latin1', this.#lineStart, textEnd);
    this.#lineStart = found + 1;
    this.#searched = found + 1;
    return line;
  }

  #requireHeadRoom(lineEnd: number): void {
    const { maxLineBytes, maxHeadBytes } = this.#limits;
    const at = this.#lineStart - this.#start;
    // one more than the limit, for the CR
    if (lineEnd - this.#lineStart > maxLineBytes + 1)
      throw new DecodeError(`HTTP line of more than ${maxLineBytes} bytes`, at);
    if (lineEnd - this.#start > maxHeadBytes) throw new DecodeError(`HTTP head of more than ${maxHeadBytes} bytes`, at);
  }

  #restartAt(offset: number): void {
    this.#start = offset;
    this.#lineStart = offset;
    this.#searched = offset;
    this.#lines = [];
    this.#head = undefined;
  }

  /** Moves what is unread to the front, and doubles the buffer if that is not enough. */
  #makeRoom(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const needed = this.#end - this.#start + length;
    const target =
      needed <= this.#bytes.length ? this.#bytes : Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(target, 0, this.#start, this.#end);
    this.#bytes = target;
    this.#end -= this.#start;
    this.#lineStart -= this.#start;
    this.#searched -= this.#start;
    this.#start = 0;
  }
}
