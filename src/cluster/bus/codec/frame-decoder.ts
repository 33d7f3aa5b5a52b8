import { ByteQueue, DecodeError } from '#base';
import {
  kinds,
  LENGTH_BYTES,
  MAX_FIRST_FRAME_BYTES,
  refusalReasons,
  SEQ_BYTES,
  type Frame,
  type HelloFrame,
} from './frame.ts';

/** Frames from bytes, however these are cut. Nothing of a chunk is kept but copies. */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  readonly #rest = new ByteQueue();
  #isFirst = true;

  /** `maxFrameBytes`: what the length field may say at most. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Calls `take` for each whole frame until it says false. @throws DecodeError; the decoder is dead afterwards. */
  push(chunk: Buffer, take: (frame: Frame) => boolean): void {
    if (this.#rest.length === 0) {
      const used = this.#decodeAll(chunk, take);
      if (used < chunk.length) this.#rest.push(chunk.subarray(used));
      return;
    }
    this.#rest.push(chunk);
    this.#rest.consume(this.#decodeAll(this.#rest.view(), take));
  }

  /** How many bytes were used. */
  #decodeAll(bytes: Buffer, take: (frame: Frame) => boolean): number {
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(at);
      const max = this.#isFirst ? MAX_FIRST_FRAME_BYTES : this.#maxFrameBytes;
      if (length < 1 || length > max) throw new DecodeError(`frame of ${length} bytes, 1 to ${max} are possible`, at);
      const start = at + LENGTH_BYTES;
      const end = start + length;
      if (end > bytes.length) break;
      this.#isFirst = false;
      const frame = decodeFrame(bytes, start, end);
      at = end;
      if (frame !== undefined && !take(frame)) return bytes.length;
    }
    return at;
  }
}

/** undefined = of a kind that a later version may have added: passed over. */
function decodeFrame(bytes: Buffer, start: number, end: number): Frame | undefined {
  const at = start + 1;
  switch (bytes[start]) {
    case kinds.answer:
      return { kind: 'answer', seq: seqAt(bytes, at, end), json: bytes.toString('utf8', at + SEQ_BYTES, end) };
    case kinds.call: {
      const seq = seqAt(bytes, at, end);
      const timeoutMs = u32At(bytes, at + SEQ_BYTES, end);
      const nameAt = at + SEQ_BYTES + 4;
      const jsonAt = textEnd(bytes, nameAt, end);
      const service = bytes.toString('latin1', nameAt + 1, jsonAt);
      return { kind: 'call', seq, timeoutMs, service, json: bytes.toString('utf8', jsonAt, end) };
    }
    case kinds.send: {
      const jsonAt = textEnd(bytes, at, end);
      return {
        kind: 'send',
        service: bytes.toString('latin1', at + 1, jsonAt),
        json: bytes.toString('utf8', jsonAt, end),
      };
    }
    case kinds.acks:
      return decodeAcks(bytes, at, end);
    case kinds.ping:
      return { kind: 'ping', token: u32At(bytes, at, end) };
    case kinds.pong:
      return { kind: 'pong', token: u32At(bytes, at, end) };
    case kinds.refused: {
      const seq = seqAt(bytes, at, end);
      const codeAt = at + SEQ_BYTES;
      const textAt = textEnd(bytes, codeAt, end);
      const code = bytes.toString('utf8', codeAt + 1, textAt);
      return { kind: 'refused', seq, code, text: bytes.toString('utf8', textAt, end) };
    }
    case kinds.gone:
      return { kind: 'gone', seq: seqAt(bytes, at, end), text: bytes.toString('utf8', at + SEQ_BYTES, end) };
    case kinds.overload:
      return { kind: 'overload', seq: seqAt(bytes, at, end), text: bytes.toString('utf8', at + SEQ_BYTES, end) };
    case kinds.hello:
      return decodeHello(bytes, at, end);
    case kinds.memory:
      return { kind: 'memory', memory: u32At(bytes, at, end) };
    case kinds.refusal:
      need(at, 1, end);
      return {
        kind: 'refusal',
        reason: refusalReasons[bytes[at]!] ?? 'other',
        text: bytes.toString('utf8', at + 1, end),
      };
    case kinds.goodbye:
      return { kind: 'goodbye', text: bytes.toString('utf8', at, end) };
    default:
      return undefined;
  }
}

function decodeHello(bytes: Buffer, start: number, end: number): HelloFrame {
  need(start, 4, end);
  let at = start + 4;
  const text = (): string => {
    const next = textEnd(bytes, at, end);
    const value = bytes.toString('utf8', at + 1, next);
    at = next;
    return value;
  };
  return {
    kind: 'hello',
    version: bytes.readUInt16BE(start),
    oldestVersion: bytes.readUInt16BE(start + 2),
    cluster: text(),
    member: text(),
    boot: text(),
    called: text(),
  };
}

function decodeAcks(bytes: Buffer, at: number, end: number): Frame {
  const lowest = seqAt(bytes, at, end);
  const above: number[] = [];
  for (let next = at + SEQ_BYTES; next < end; next += SEQ_BYTES) above.push(seqAt(bytes, next, end));
  return { kind: 'acks', lowest, above };
}

function need(at: number, length: number, end: number): void {
  if (at + length > end) throw new DecodeError(`frame too short: ${length} bytes wanted, ${end - at} left`, at);
}

function seqAt(bytes: Buffer, at: number, end: number): number {
  need(at, SEQ_BYTES, end);
  return bytes.readUInt16BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 2);
}

function u32At(bytes: Buffer, at: number, end: number): number {
  need(at, 4, end);
  return bytes.readUInt32BE(at);
}

/** Where the text that begins at `at` ends. */
function textEnd(bytes: Buffer, at: number, end: number): number {
  need(at, 1, end);
  const length = bytes[at]!;
  need(at + 1, length, end);
  return at + 1 + length;
}
