import { ByteQueue, ByteWriter, DecodeError } from '#base';
import { Pack } from './pack.ts';
import type { PackLimits } from './pack-limits.ts';

const HEADER_BYTES = 4;
/** What a peer may send beyond one whole message. Tools wait for each answer, so it is seldom anything. */
const MAX_AHEAD_BYTES = 262_144;

/** `u32 length, PACK`: the form of administration messages once HTTP has ended. */
export function encodeRpcMessage(pack: Pack): Buffer {
  const body = pack.encode();
  return new ByteWriter(HEADER_BYTES + body.length).u32(body.length).bytes(body).finish();
}

/** Reads administration messages; any split of the input gives the same ones. */
export class RpcReader {
  readonly #limits: PackLimits;
  readonly #bytes = new ByteQueue();

  /** `limits.maxBytes` bounds the length that a message may announce. */
  constructor(limits: PackLimits) {
    this.#limits = limits;
  }

  /** Copies `chunk`. Throws DecodeError when far more than one message is waiting. */
  push(chunk: Uint8Array): void {
    const most = HEADER_BYTES + this.#limits.maxBytes + MAX_AHEAD_BYTES;
    const waiting = this.#bytes.length + chunk.length;
    if (waiting > most) throw new DecodeError(`${waiting} bytes of RPC waiting; at most ${most}`, 0);
    this.#bytes.push(chunk);
  }

  /**
   * The next message, or undefined if it is not complete yet. Throws DecodeError on a length above the limit, as soon
   * as it is known, and on what is not a PACK; the connection is of no use afterwards.
   */
  take(): Pack | undefined {
    if (this.#bytes.length < HEADER_BYTES) return undefined;
    const bytes = this.#bytes.view();
    const length = bytes.readUInt32BE(0);
    if (length > this.#limits.maxBytes) {
      throw new DecodeError(`RPC message of ${length} bytes; at most ${this.#limits.maxBytes}`, 0);
    }
    if (bytes.length < HEADER_BYTES + length) return undefined;
    // A copy: the values of the PACK are views of it, and the queue's buffer is written again.
    const body = Buffer.from(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length));
    this.#bytes.consume(HEADER_BYTES + length);
    return Pack.decode(body, this.#limits);
  }
}
