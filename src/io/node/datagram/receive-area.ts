import { MessageVector, NAME_WORDS } from './message-vector.ts';
import { errno, fixedBuffer, MSG_DONTWAIT, type Native } from './native.ts';
import { SIZE_6 } from './socket-address.ts';

/** Datagrams that one call takes from the kernel. */
export const BATCH_MAX = 32;
/** The longest datagram that there is (IPv4: 65,507; IPv6: 65,527): none is cut. */
const SLOT_BYTES = 65_536;
const SLAB_BYTES = 65_536;
/** Longer ones get memory of their own, so that they do not waste the rest of a slab. */
const SLAB_SHARE_MAX = 8_192;

/** Where the kernel puts datagrams. One serves all sockets of the loop: it is empty between their turns. */
export class ReceiveArea {
  readonly vector: MessageVector;
  readonly #native: Native;
  /** Only the pages that datagrams have reached are real memory. */
  readonly #memory = fixedBuffer(BATCH_MAX * SLOT_BYTES);
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #slabEnd = 0;

  constructor(native: Native) {
    this.#native = native;
    this.vector = new MessageVector(native, BATCH_MAX);
    const address = native.addressOf(this.#memory);
    for (let i = 0; i < BATCH_MAX; i++) {
      this.vector.setPiece(i, address + i * SLOT_BYTES, SLOT_BYTES);
      this.vector.setNameLength(i, SIZE_6);
    }
  }

  /** How many came; below 0: the negative error number. */
  read(fd: number): number {
    const count = this.#native.recvmmsg(fd, this.vector.address, BATCH_MAX, MSG_DONTWAIT, 0);
    if (count >= 0) return count;
    const error = this.#native.errno();
    return error === errno.EINTR ? this.read(fd) : -error;
  }

  /** Where the sender of datagram `index` is in `vector.names`. */
  nameAt(index: number): number {
    return index * NAME_WORDS;
  }

  /** Datagram `index`, copied to memory that stays. */
  take(index: number): Buffer {
    const from = index * SLOT_BYTES;
    const length = this.vector.lengthOf(index);
    // The kernel wrote how long the name was: the next one may be longer.
    this.vector.setNameLength(index, SIZE_6);
    if (length > SLAB_SHARE_MAX) return Buffer.from(this.#memory.subarray(from, from + length));
    if (this.#slabEnd + length > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slabEnd = 0;
    }
    const at = this.#slabEnd;
    this.#memory.copy(this.#slab, at, from, from + length);
    this.#slabEnd = at + length;
    return this.#slab.subarray(at, at + length);
  }
}
