import { fixedBuffer } from '../datagram/native.ts';
import type { Native } from './native.ts';

/**
 * So much is asked of the kernel at a time: nearly four of the longest records. A little less than the blocks of 64 KiB that sessions
 * gather their output in: what comes with one read, and the beginning of a frame from the one before, leaves as one block.
 */
export const READ_BYTES = 62 * 1024;
/** What was left of a record of the read before may be decrypted with it. */
const PLAIN_BYTES = 96 * 1024;
/** Written in one piece: what it grows to is never longer than `OUT_BYTES`, unless a handshake carries long certificates. */
export const SLICE_BYTES = 64 * 1024;
const OUT_BYTES = 80 * 1024;

/** <openssl/bio.h> */
const BIO_C_SET_BUF_MEM = 114;
const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;
const BIO_NOCLOSE = 0;

/** struct buf_mem_st on a 64-bit machine: length, address, allocated length, flags. */
const MEMORY_BYTES = 32;
const ADDRESS_WORD = 2;
const ALLOCATED_WORD = 4;
const TWO_32 = 2 ** 32;

/**
 * Where records are between the kernel and OpenSSL. One serves all connections of the loop: it is empty whenever something else
 * than OpenSSL runs. OpenSSL reads what came where the kernel has put it, and the kernel takes what is to go where OpenSSL
 * has put it.
 */
export class RecordArea {
  /** What `decrypt` of a session gives. */
  readonly plain = fixedBuffer(PLAIN_BYTES);
  readonly plainAddress: number;
  readonly received = fixedBuffer(READ_BYTES);
  readonly receivedAddress: number;
  readonly #native: Native;
  /** OpenSSL keeps their addresses: they live as long as this. */
  readonly #inMemory = fixedBuffer(MEMORY_BYTES);
  readonly #outMemory = fixedBuffer(MEMORY_BYTES);
  readonly #inWords = new Uint32Array(this.#inMemory.buffer);
  readonly #outWords = new Uint32Array(this.#outMemory.buffer);
  readonly #inAddress: number;
  readonly #outAddress: number;
  readonly #reader: number;
  readonly #writer: number;

  /** @throws Error where OpenSSL has no memory for it. */
  constructor(native: Native) {
    const { kernel, ssl } = native;
    this.#native = native;
    this.plainAddress = kernel.addressOf(this.plain);
    this.receivedAddress = kernel.addressOf(this.received);
    this.#inAddress = kernel.addressOf(this.#inMemory);
    this.#outAddress = kernel.addressOf(this.#outMemory);
    if (ssl.growMemory(this.#outAddress, OUT_BYTES) !== OUT_BYTES) throw new Error('no memory for TLS records');
    this.#reader = ssl.newBio(ssl.memoryBio());
    this.#writer = ssl.newBio(ssl.memoryBio());
    if (this.#reader === 0 || this.#writer === 0) throw new Error('no memory for TLS records');
    // An empty one says "try again", not "the end".
    ssl.controlBio(this.#reader, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, 0);
    this.feed(0);
    this.clearOut();
  }

  /** Lets a session read and write here. */
  attach(session: number): void {
    const { ssl } = this.#native;
    ssl.shareBio(this.#reader);
    ssl.setReader(session, this.#reader);
    ssl.shareBio(this.#writer);
    ssl.setWriter(session, this.#writer);
  }

  /** The first `length` of the bytes received are what OpenSSL reads next. */
  feed(length: number): void {
    const words = this.#inWords;
    words[0] = length;
    setAddress(words, ADDRESS_WORD, this.receivedAddress);
    words[ALLOCATED_WORD] = READ_BYTES;
    this.#native.ssl.controlBio(this.#reader, BIO_C_SET_BUF_MEM, BIO_NOCLOSE, this.#inAddress);
  }

  /** Bytes that OpenSSL has written. */
  get outLength(): number {
    return this.#outWords[0]!;
  }

  get outAddress(): number {
    return this.#outWords[ADDRESS_WORD]! + this.#outWords[ADDRESS_WORD + 1]! * TWO_32;
  }

  clearOut(): void {
    this.#outWords[0] = 0;
    this.#native.ssl.controlBio(this.#writer, BIO_C_SET_BUF_MEM, BIO_NOCLOSE, this.#outAddress);
  }
}

function setAddress(words: Uint32Array, at: number, address: number): void {
  words[at] = address % TWO_32;
  words[at + 1] = Math.floor(address / TWO_32);
}
