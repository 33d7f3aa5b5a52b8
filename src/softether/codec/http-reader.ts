import { ByteQueue, DecodeError } from '#base';
import { checkStartLine, parseHead, type HttpHead } from './http-head.ts';
import type { HttpLimits } from './http-limits.ts';

export interface HttpMessage {
  readonly head: HttpHead;
  readonly body: Buffer;
}

const LF = 0x0a;
const CR = 0x0d;
const FIRST_VISIBLE = 0x21;
const LAST_VISIBLE = 0x7e;

/**
 * Reads HTTP/1 messages with a Content-Length, one after the other; any split of the input gives the same messages.
 * What follows the last message stays as it came, for the protocol that follows. A reader whose head was bad
 * throws the same DecodeError for ever: close the connection.
 */
export class HttpReader {
  readonly #limits: HttpLimits;
  /** Begins with the message now being read. */
  readonly #bytes = new ByteQueue();
  /** Start of the line now being read, and how far it has been searched for its end. */
  #lineStart = 0;
  #searched = 0;
  #lines: string[] = [];
  #head: HttpHead | undefined;
  #failure: DecodeError | undefined;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Copies `chunk`. Throws DecodeError when more is waiting than the limits allow. */
  push(chunk: Uint8Array): void {
    const buffered = this.#bytes.length + chunk.length;
    if (buffered > this.#limits.maxBufferedBytes) {
      throw new DecodeError(`${buffered} bytes waiting in the HTTP part; at most ${this.#limits.maxBufferedBytes}`, 0);
    }
    this.#bytes.push(chunk);
  }

  /** Head of the message now being read, or undefined if it is not complete yet. Throws DecodeError on a bad or too large one. */
  head(): HttpHead | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return (this.#head ??= this.#readHead());
    } catch (error) {
      if (error instanceof DecodeError) this.#failure = error;
      throw error;
    }
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
    const end = this.#lineStart + length;
    if (this.#bytes.length < end) return undefined;
    const body = Buffer.from(this.#bytes.view().subarray(this.#lineStart, end));
    this.#bytes.consume(end);
    this.#lineStart = 0;
    this.#searched = 0;
    this.#lines = [];
    this.#head = undefined;
    return { head, body };
  }

  /** A copy of every byte received and not consumed, raw: to hand the connection over, or the first bytes of a stream. */
  unread(): Buffer {
    return Buffer.from(this.#bytes.view());
  }

  #readHead(): HttpHead | undefined {
    for (;;) {
      const line = this.#nextLine();
      if (line === undefined) return undefined;
      // RFC 9112 §2.2: empty lines before the first line are ignored
      if (line !== '') this.#addLine(line);
      else if (this.#lines.length > 0) return parseHead(this.#lines, this.#lineStart);
    }
  }

  #addLine(line: string): void {
    if (this.#lines.length >= this.#limits.maxHeadLines) {
      throw new DecodeError(`HTTP head of more than ${this.#limits.maxHeadLines} lines`, this.#lineStart);
    }
    // Who speaks something else would wait for the rest of a head, and so hold a connection up to its time limit.
    if (this.#lines.length === 0) checkStartLine(line, this.#lineStart);
    this.#lines.push(line);
  }

  /** `first` byte of a start line, or of an empty one before it; undefined: it has not come. */
  #requireText(first: number | undefined): void {
    if (first === undefined || first === CR || first === LF || (first >= FIRST_VISIBLE && first <= LAST_VISIBLE))
      return;
    throw new DecodeError(`an HTTP message does not begin with byte ${first}`, this.#lineStart);
  }

  #nextLine(): string | undefined {
    const bytes = this.#bytes.view();
    if (this.#lines.length === 0) this.#requireText(bytes[this.#lineStart]);
    const found = bytes.indexOf(LF, this.#searched);
    const lineEnd = found === -1 ? bytes.length : found;
    this.#requireHeadRoom(lineEnd);
    if (found === -1) {
      this.#searched = lineEnd;
      return undefined;
    }
    const textEnd = found > this.#lineStart && bytes[found - 1] === CR ? found - 1 : found;
    const line = bytes.toString('latin1', this.#lineStart, textEnd);
    this.#lineStart = found + 1;
    this.#searched = found + 1;
    return line;
  }

  #requireHeadRoom(lineEnd: number): void {
    const { maxLineBytes, maxHeadBytes } = this.#limits;
    // one more than the limit, for the CR
    if (lineEnd - this.#lineStart > maxLineBytes + 1) {
      throw new DecodeError(`HTTP line of more than ${maxLineBytes} bytes`, this.#lineStart);
    }
    if (lineEnd > maxHeadBytes) throw new DecodeError(`HTTP head of more than ${maxHeadBytes} bytes`, this.#lineStart);
  }
}
