import type { BadMessage } from './bad-message.ts';
import { parseDecimal } from './characters.ts';
import { decodeMessage } from './decode.ts';
import { messageLimits } from './limits.ts';

/**
 * What a stream holds. Each CR LF between messages is a `pong` (RFC 5626 §4.4.1); the second of two in a row is a `ping`
 * on top: it wants a CR LF back. `broken` ends the stream: nothing after it can be told apart.
 */
export type FramedItem =
  | { readonly kind: 'message'; readonly bytes: Buffer }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'broken'; readonly bad: BadMessage };

const NO_BYTES = Buffer.alloc(0);
const FIRST_CAPACITY_BYTES = 2048;

/** Cuts messages out of a stream by Content-Length (RFC 3261 §18.3). Any split of the input gives the same items. */
export class StreamFramer {
  #held: Buffer = NO_BYTES;
  #heldLength = 0;
  /** Bytes of what is held that were searched for the end of the head. */
  #searched = 0;
  /** Length of the message that has begun, once its head is there. */
  #needed = 0;
  #hadCrlf = false;
  #isBroken = false;

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Bytes that wait for the rest of their message. */
  get heldBytes(): number {
    return this.#heldLength;
  }

  /** `chunk` is not changed afterwards: messages may be parts of it. */
  push(chunk: Buffer): FramedItem[] {
    const items: FramedItem[] = [];
    if (this.#isBroken) return items;
    let bytes = chunk;
    if (this.#heldLength > 0) {
      this.#hold(chunk);
      if (this.#heldLength < this.#needed) return items;
      bytes = this.#held.subarray(0, this.#heldLength);
    }
    const taken = this.#take(bytes, items);
    if (this.isBroken) this.#release();
    else if (taken > 0 || this.#heldLength === 0) this.#keepRest(bytes.subarray(taken));
    return items;
  }

  /** Returns how many bytes were used up. */
  #take(bytes: Buffer, items: FramedItem[]): number {
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at] === 0x0d) {
        if (at + 1 === bytes.length) break;
        if (bytes[at + 1] === 0x0a) {
          at += 2;
          this.#crlf(items);
          continue;
        }
      }
      const length = this.#messageLength(bytes, at, items);
      this.#needed = length;
      if (length === 0 || at + length > bytes.length) break;
      this.#hadCrlf = false;
      items.push({ kind: 'message', bytes: bytes.subarray(at, at + length) });
      at += length;
      this.#searched = this.#needed = 0;
    }
    return at;
  }

  #crlf(items: FramedItem[]): void {
    items.push({ kind: 'pong' });
    if (this.#hadCrlf) items.push({ kind: 'ping' });
    this.#hadCrlf = !this.#hadCrlf;
  }

  /** Of the message at `start`, head and body; 0 when its head is not complete yet. */
  #messageLength(bytes: Buffer, start: number, items: FramedItem[]): number {
    if (this.#needed > 0) return this.#needed;
    const limit = start + messageLimits.headMaxBytes;
    const end = bytes.indexOf('\r\n\r\n', start + Math.max(this.#searched - 3, 0), 'latin1');
    if ((end < 0 ? bytes.length : end + 4) > limit) return this.#break(bytes.subarray(start, limit), items, 'a head');
    if (end < 0) {
      this.#searched = bytes.length - start;
      return 0;
    }
    const head = bytes.subarray(start, end + 4);
    const bodyLength = contentLengthOf(head);
    if (bodyLength < 0) return this.#break(head, items);
    if (head.length + bodyLength > messageLimits.streamMaxBytes) return this.#break(head, items, 'a message');
    return head.length + bodyLength;
  }

  #break(head: Buffer, items: FramedItem[], tooLarge?: string): 0 {
    this.#isBroken = true;
    const decoded = decodeMessage(Buffer.from(head));
    const bad: BadMessage =
      'kind' in decoded
        ? decoded
        : { kind: 'bad', status: 400, reason: 'a bad Content-Length', offset: 0, request: decoded };
    items.push({ kind: 'broken', bad: tooLarge === undefined ? bad : tooLong(bad, tooLarge) });
    return 0;
  }

  #hold(chunk: Buffer): void {
    const length = this.#heldLength + chunk.length;
    if (length > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#held.length, FIRST_CAPACITY_BYTES));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldLength);
    this.#heldLength = length;
  }

  /** Messages that were handed out are parts of what was held, so the rest moves to new memory. */
  #keepRest(rest: Buffer): void {
    this.#release();
    if (rest.length > 0) this.#hold(rest);
  }

  #release(): void {
    this.#held = NO_BYTES;
    this.#heldLength = 0;
  }
}

function tooLong(bad: BadMessage, what: string): BadMessage {
  const status = bad.request === undefined ? 0 : 513;
  return { ...bad, status, reason: `${what} that is too large` };
}

const contentLengthLine = /\r\n(?:content-length|l)[ \t]*:([^\r]*(?:\r\n[ \t][^\r]*)*)/gi;

/** 0 where there is none (a message without a body need not say so to be understood); -1 for a bad one and for several. */
function contentLengthOf(head: Buffer): number {
  const text = head.toString('latin1');
  let length = 0;
  let isFound = false;
  for (const match of text.matchAll(contentLengthLine)) {
    const value = match[1]!.trim();
    length = isFound ? -1 : parseDecimal(value, 0, value.length);
    isFound = true;
    if (length < 0) break;
  }
  return length;
}
