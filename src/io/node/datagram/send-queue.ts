import type { DatagramCounters } from '../../datagram.ts';
import { MessageVector, NAME_WORDS } from './message-vector.ts';
import { errno, fixedBuffer, MSG_DONTWAIT, type Native } from './native.ts';
import { AF_INET, firstWord, SIZE_4, SIZE_6, type RawAddress } from './socket-address.ts';

/** Datagrams that wait for the end of the turn; with one more, or with more bytes, they leave at once. */
const QUEUE_MAX = 64;
const AREA_BYTES = 256 * 1024;

/** Datagrams on their way to the kernel. */
export class SendQueue {
  readonly #native: Native;
  readonly #fd: number;
  readonly #counters: DatagramCounters;
  readonly #refused: (index: number, error: number) => void;
  readonly #vector: MessageVector;
  readonly #area = fixedBuffer(AREA_BYTES);
  readonly #areaAddress: number;
  readonly #targets: (RawAddress | undefined)[] = new Array<RawAddress | undefined>(QUEUE_MAX).fill(undefined);
  readonly #ports = new Uint16Array(QUEUE_MAX);
  readonly #lengths = new Uint32Array(QUEUE_MAX);
  /** Those before it have left. */
  #first = 0;
  #count = 0;
  #end = 0;

  /** `refused`: the kernel says that it will never take this one; see `target`. */
  constructor(native: Native, fd: number, counters: DatagramCounters, refused: (index: number, error: number) => void) {
    this.#native = native;
    this.#fd = fd;
    this.#counters = counters;
    this.#refused = refused;
    this.#vector = new MessageVector(native, QUEUE_MAX);
    this.#areaAddress = native.addressOf(this.#area);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  addressOf(index: number): string {
    return this.#targets[index]?.text ?? '';
  }

  portOf(index: number): number {
    return this.#ports[index]!;
  }

  /** False = it does not fit, not even after a flush: it is lost. */
  add(bytes: Uint8Array, to: RawAddress, port: number): boolean {
    if (this.#count === QUEUE_MAX || this.#end + bytes.length > AREA_BYTES) {
      this.flush();
      if (this.#count === QUEUE_MAX || this.#end + bytes.length > AREA_BYTES) return false;
    }
    const index = this.#count++;
    this.#area.set(bytes, this.#end);
    this.#vector.setPiece(index, this.#areaAddress + this.#end, bytes.length);
    this.#end += bytes.length;
    this.#targets[index] = to;
    this.#ports[index] = port;
    this.#lengths[index] = bytes.length;
    const { names } = this.#vector;
    const at = index * NAME_WORDS;
    names[at] = firstWord(to.family, port);
    const { words } = to;
    for (let i = 0; i < words.length; i++) names[at + 1 + i] = words[i]!;
    this.#vector.setNameLength(index, to.family === AF_INET ? SIZE_4 : SIZE_6);
    return true;
  }

  /** False = the kernel's queue is full: the rest waits for another flush. */
  flush(): boolean {
    let isSecondTry = false;
    while (this.#first < this.#count) {
      const first = this.#first;
      const sent = this.#native.sendmmsg(this.#fd, this.#vector.addressOf(first), this.#count - first, MSG_DONTWAIT);
      if (sent > 0) {
        this.#sent(first, sent);
        isSecondTry = false;
        continue;
      }
      const error = this.#native.errno();
      if (error === errno.EAGAIN || error === errno.ENOBUFS) return false;
      // The first error may be the answer to an earlier datagram, which the kernel tells once.
      if (isSecondTry && error !== errno.EINTR) {
        this.#counters.refusedDatagrams++;
        this.#refused(first, error);
        this.#first++;
      }
      isSecondTry = !isSecondTry;
    }
    this.#clear();
    return true;
  }

  /** What waits is lost. */
  discard(): void {
    this.#counters.refusedDatagrams += this.#count - this.#first;
    this.#clear();
  }

  #sent(first: number, count: number): void {
    this.#first += count;
    this.#counters.sentDatagrams += count;
    for (let i = first; i < this.#first; i++) this.#counters.sentBytes += this.#lengths[i]!;
  }

  #clear(): void {
    this.#first = 0;
    this.#count = 0;
    this.#end = 0;
  }
}
