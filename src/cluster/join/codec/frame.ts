import { DecodeError } from '#base';

/** A message on the wire: u32 length of what follows, big-endian; JSON, UTF-8. */
const HEADER_BYTES = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function encodeFrame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  frame.writeUInt32BE(body.length, 0);
  body.copy(frame, HEADER_BYTES);
  return frame;
}

/** Bytes in any pieces to JSON values. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
  }

  /** Bytes that wait to be taken. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /**
   * undefined = not whole yet.
   * @throws DecodeError longer than `maxBytes` (before it has come), or no JSON.
   */
  take(maxBytes: number): unknown {
    if (this.#bytes < HEADER_BYTES) return undefined;
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    const length = all.readUInt32BE(0);
    if (length > maxBytes) throw new DecodeError(`a message has ${length} bytes, at most ${maxBytes} are read`, 0);
    if (all.length < HEADER_BYTES + length) return undefined;
    this.#chunks = [all.subarray(HEADER_BYTES + length)];
    this.#bytes -= HEADER_BYTES + length;
    return parse(all.subarray(HEADER_BYTES, HEADER_BYTES + length));
  }
}

function parse(body: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(utf8.decode(body));
    if (value === undefined) throw new Error('nothing');
    return value;
  } catch (cause) {
    throw new DecodeError(`a message is not JSON: ${cause instanceof Error ? cause.message : ''}`, HEADER_BYTES);
  }
}
