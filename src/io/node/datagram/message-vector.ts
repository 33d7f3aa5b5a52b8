import { fixedBuffer, type Native } from './native.ts';

/** struct mmsghdr on 64-bit Linux: struct msghdr (56 bytes), then the length of the datagram. */
const HEADER_BYTES = 64;
const HEADER_WORDS = HEADER_BYTES / 4;
const NAME_LENGTH_WORD = 2;
const CONTROL_WORD = 8;
const LENGTH_WORD = 14;
/** struct iovec: base, length. */
const PIECE_BYTES = 16;
/** Room for a sockaddr_in (16 bytes) or sockaddr_in6 (28). */
export const NAME_BYTES = 32;
export const NAME_WORDS = NAME_BYTES / 4;
const TWO_32 = 2 ** 32;

/**
 * The arguments of recvmmsg and sendmmsg: `count` messages of one piece each. The kernel
 * follows the pointers in it: the object must live as long as a call may be made.
 */
export class MessageVector {
  readonly address: number;
  /** The other side of each message, `NAME_WORDS` words each, as struct sockaddr. */
  readonly names: Uint32Array;
  readonly #headers: Uint32Array;
  readonly #pieces: Uint32Array;

  constructor(native: Native, count: number) {
    const headers = fixedBuffer(count * HEADER_BYTES);
    const pieces = fixedBuffer(count * PIECE_BYTES);
    const names = fixedBuffer(count * NAME_BYTES);
    this.address = native.addressOf(headers);
    this.#headers = wordsOf(headers);
    this.#pieces = wordsOf(pieces);
    this.names = wordsOf(names);
    const [pieceAddress, nameAddress] = [native.addressOf(pieces), native.addressOf(names)];
    for (let i = 0; i < count; i++) {
      headers.writeBigUInt64LE(BigInt(nameAddress + i * NAME_BYTES), i * HEADER_BYTES);
      headers.writeBigUInt64LE(BigInt(pieceAddress + i * PIECE_BYTES), i * HEADER_BYTES + 16);
      headers.writeBigUInt64LE(1n, i * HEADER_BYTES + 24);
    }
  }

  addressOf(index: number): number {
    return this.address + index * HEADER_BYTES;
  }

  setNameLength(index: number, bytes: number): void {
    this.#headers[index * HEADER_WORDS + NAME_LENGTH_WORD] = bytes;
  }

  /** Where message `index` is, or goes. */
  setPiece(index: number, address: number, length: number): void {
    const at = index * 4;
    this.#pieces[at] = address % TWO_32;
    this.#pieces[at + 1] = Math.floor(address / TWO_32);
    this.#pieces[at + 2] = length;
  }

  /** Room for ancillary data. */
  setControl(index: number, address: number, length: number): void {
    const at = index * HEADER_WORDS + CONTROL_WORD;
    this.#headers[at] = address % TWO_32;
    this.#headers[at + 1] = Math.floor(address / TWO_32);
    this.#headers[at + 2] = length;
  }

  /** How long the datagram was that the kernel put there. */
  lengthOf(index: number): number {
    return this.#headers[index * HEADER_WORDS + LENGTH_WORD]!;
  }
}

const wordsOf = (buffer: Buffer): Uint32Array => new Uint32Array(buffer.buffer);
