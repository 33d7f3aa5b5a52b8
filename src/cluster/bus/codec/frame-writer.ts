import type { BufferPool } from '#base';
import {
  kinds,
  LENGTH_BYTES,
  MAX_TEXT_BYTES,
  refusalReasons,
  SEQ_BYTES,
  type HelloFrame,
  type Outcome,
  type RefusalReason,
} from './frame.ts';

/** UTF-16 units become at most so many bytes. */
const MAX_BYTES_PER_UNIT = 3;
const HEAD_BYTES = LENGTH_BYTES + 1;

/** Memory with frames in its first bytes. */
export interface FrameBlock {
  readonly memory: Buffer;
  readonly length: number;
}

/**
 * Frames of one turn, written into blocks that come from a pool. A frame that is longer than a block gets memory of its own.
 */
export class FrameWriter {
  readonly #pool: BufferPool;
  #full: FrameBlock[] = [];
  #block: Buffer | undefined;
  #at = 0;
  #fullBytes = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.#fullBytes + this.#at;
  }

  /** Everything written so far. Each block is to be given back. */
  take(): readonly FrameBlock[] {
    this.#seal();
    const taken = this.#full;
    this.#full = [];
    this.#fullBytes = 0;
    return taken;
  }

  giveBack({ memory }: FrameBlock): void {
    if (memory.length === this.#pool.size) this.#pool.give(memory);
  }

  hello(hello: Omit<HelloFrame, 'kind'>): void {
    const { version, oldestVersion, cluster, member, boot, called } = hello;
    const start = this.#begin(kinds.hello, 4 + 4 * (1 + MAX_TEXT_BYTES));
    this.#u16(version);
    this.#u16(oldestVersion);
    for (const text of [cluster, member, boot, called]) this.#shortText(text);
    this.#end(start);
  }

  memory(memory: number): void {
    const start = this.#begin(kinds.memory, 4);
    this.#u32(memory);
    this.#end(start);
  }

  refusal(reason: RefusalReason, text: string): void {
    const start = this.#begin(kinds.refusal, 1 + sizeOf(text));
    this.#u8(refusalReasons.indexOf(reason));
    this.#text(text);
    this.#end(start);
  }

  ping(token: number): void {
    const start = this.#begin(kinds.ping, 4);
    this.#u32(token);
    this.#end(start);
  }

  pong(token: number): void {
    const start = this.#begin(kinds.pong, 4);
    this.#u32(token);
    this.#end(start);
  }

  /** `service` is ASCII. */
  call(seq: number, timeoutMs: number, service: string, json: string): void {
    const start = this.#begin(kinds.call, SEQ_BYTES + 5 + service.length + sizeOf(json));
    this.#seq(seq);
    this.#u32(timeoutMs);
    this.#name(service);
    this.#text(json);
    this.#end(start);
  }

  send(service: string, json: string): void {
    const start = this.#begin(kinds.send, 1 + service.length + sizeOf(json));
    this.#name(service);
    this.#text(json);
    this.#end(start);
  }

  outcome(outcome: Outcome): void {
    const { seq } = outcome;
    if (outcome.kind === 'refused') {
      const start = this.#begin(kinds.refused, SEQ_BYTES + 1 + MAX_TEXT_BYTES + sizeOf(outcome.text));
      this.#seq(seq);
      this.#shortText(outcome.code);
      this.#text(outcome.text);
      this.#end(start);
      return;
    }
    const text = outcome.kind === 'answer' ? outcome.json : outcome.text;
    const start = this.#begin(kinds[outcome.kind], SEQ_BYTES + sizeOf(text));
    this.#seq(seq);
    this.#text(text);
    this.#end(start);
  }

  acks(lowest: number, above: readonly number[]): void {
    const start = this.#begin(kinds.acks, SEQ_BYTES * (1 + above.length));
    this.#seq(lowest);
    for (const seq of above) this.#seq(seq);
    this.#end(start);
  }

  goodbye(text: string): void {
    const start = this.#begin(kinds.goodbye, sizeOf(text));
    this.#text(text);
    this.#end(start);
  }

  /** Room for a frame with at most so many bytes behind its kind; gives where it begins. */
  #begin(kind: number, maxBytes: number): number {
    const needed = HEAD_BYTES + maxBytes;
    if (this.#block === undefined || this.#at + needed > this.#block.length) {
      this.#seal();
      this.#block = needed > this.#pool.size ? Buffer.allocUnsafeSlow(needed) : this.#pool.take();
    }
    const start = this.#at;
    this.#block[start + LENGTH_BYTES] = kind;
    this.#at = start + HEAD_BYTES;
    return start;
  }

  #end(start: number): void {
    this.#block!.writeUInt32BE(this.#at - start - LENGTH_BYTES, start);
  }

  #seal(): void {
    if (this.#block === undefined) return;
    this.#full.push({ memory: this.#block, length: this.#at });
    this.#fullBytes += this.#at;
    this.#block = undefined;
    this.#at = 0;
  }

  #u8(value: number): void {
    this.#block![this.#at++] = value;
  }

  #u16(value: number): void {
    this.#at = this.#block!.writeUInt16BE(value, this.#at);
  }

  #u32(value: number): void {
    this.#at = this.#block!.writeUInt32BE(value, this.#at);
  }

  #seq(seq: number): void {
    this.#u16(Math.floor(seq / 0x1_0000_0000));
    this.#u32(seq >>> 0);
  }

  #name(name: string): void {
    this.#u8(name.length);
    this.#at += this.#block!.write(name, this.#at, 'latin1');
  }

  /** Cut, between characters, where it is longer than its length field can say. */
  #shortText(text: string): void {
    const lengthAt = this.#at;
    const written = this.#block!.write(text, lengthAt + 1, MAX_TEXT_BYTES, 'utf8');
    this.#block![lengthAt] = written;
    this.#at = lengthAt + 1 + written;
  }

  #text(text: string): void {
    this.#at += this.#block!.write(text, this.#at, 'utf8');
  }
}

/** Bytes that `text` takes at most; exact where a guess would waste much memory. */
function sizeOf(text: string): number {
  return text.length > 4096 ? Buffer.byteLength(text) : text.length * MAX_BYTES_PER_UNIT;
}
