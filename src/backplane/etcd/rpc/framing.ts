import { ByteQueue, DecodeError } from '#base';

/* gRPC over HTTP/2: each message is one byte (1 = compressed), four bytes of length, and the message itself. */
const headerBytes = 5;

/** More than the reader takes. */
export class MessageTooLarge extends DecodeError {}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + message.length);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, headerBytes);
  return framed;
}

/** Cuts what arrives into messages, however it was split. */
export class Unframer {
  readonly #maxBytes: number;
  readonly #rest = new ByteQueue();

  /** A message longer than that is a MessageTooLarge, seen from its header. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The messages that are whole now; views of `chunk` where it holds them alone. */
  add(chunk: Buffer): Buffer[] {
    if (this.#rest.length === 0) {
      const { messages, used } = this.#cut(chunk);
      if (used < chunk.length) this.#rest.push(chunk.subarray(used));
      return messages;
    }
    this.#rest.push(chunk);
    const { messages, used } = this.#cut(this.#rest.view());
    const own = messages.map((message) => Buffer.from(message));
    this.#rest.consume(used);
    return own;
  }

  #cut(bytes: Buffer): { readonly messages: Buffer[]; readonly used: number } {
    const messages: Buffer[] = [];
    let used = 0;
    while (bytes.length - used >= headerBytes) {
      if (bytes.readUInt8(used) !== 0) throw new DecodeError('a compressed message, which was not asked for', used);
      const length = bytes.readUInt32BE(used + 1);
      if (length > this.#maxBytes) {
        throw new MessageTooLarge(`a message of ${length} bytes, at most ${this.#maxBytes} are taken`, used);
      }
      const start = used + headerBytes;
      if (bytes.length - start < length) break;
      used = start + length;
      messages.push(bytes.subarray(start, used));
    }
    return { messages, used };
  }
}
