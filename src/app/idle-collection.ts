import type { Clock, Collection, Heap, Timer } from '#io';

const lookEveryMs = 2_000;
/** Busier than that is a server that does something: garbage is the runtime's own business then. */
const idleShare = 0.1;
/** Less is not worth a pause. */
const worthwhileBytes = 8 * 1024 * 1024;
/** However much there is: no more than one such pause in so long. */
const atMostEveryMs = 30_000;
/** Quieter than that nobody minds a pause of some hundred milliseconds. */
const quietShare = 0.05;
/** It is worth one when the process has grown by so much since the last, */
const worthwhileGrowthBytes = 24 * 1024 * 1024;
/** and for so long there was none; */
const seldomMs = 10 * 60_000;
/** or when it has grown by so much: then there was a storm, and many are there who wait for nothing now. */
const stormGrowthBytes = 64 * 1024 * 1024;

/** Less than this is not worth looking for what the C library keeps of memory that was freed: the compiler's, mostly. */
const trimGrowthBytes = 8 * 1024 * 1024;

/**
 * Throws garbage away while nothing happens. The runtime waits with that until its heap is full, so that what a storm of
 * log-ins leaves behind would stay for hours, beside sessions that only say that they live. When nearly nothing happens, memory
 * is given back to the system, too.
 */
export class IdleCollection {
  readonly #clock: Clock;
  readonly #heap: Heap;
  readonly #timer: Timer | undefined;
  #collectedMs = -Infinity;
  #thoroughMs = -Infinity;
  #keptBytes = 0;
  #residentBytes = 0;
  #trimmedMs = -Infinity;
  #trimmedBytes = 0;

  constructor(clock: Clock, heap: Heap) {
    this.#clock = clock;
    this.#heap = heap;
    if (heap.collect !== undefined) this.#timer = clock.every(lookEveryMs, () => this.#look());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const heap = this.#heap;
    const busyShare = heap.busyShare();
    if (busyShare <= quietShare && this.#hasGrown()) {
      this.#collect('thorough');
      this.#thoroughMs = this.#collectedMs;
      this.#residentBytes = heap.residentBytes();
      return;
    }
    if (busyShare <= quietShare && this.#isTrimDue()) this.#trim();
    if (busyShare > idleShare || this.#clock.nowMs() - this.#collectedMs < atMostEveryMs) return;
    if (heap.keptBytes() - this.#keptBytes >= worthwhileBytes) this.#collect('quick');
  }

  #collect(how: Collection): void {
    this.#heap.collect?.(how);
    this.#collectedMs = this.#clock.nowMs();
    this.#keptBytes = this.#heap.keptBytes();
    this.#trimmed();
  }

  #trim(): void {
    this.#heap.collect?.('trim');
    this.#trimmed();
  }

  /** Every collection ends with it. */
  #trimmed(): void {
    this.#trimmedMs = this.#clock.nowMs();
    this.#trimmedBytes = this.#heap.residentBytes();
  }

  #isTrimDue(): boolean {
    if (this.#clock.nowMs() - this.#trimmedMs < atMostEveryMs) return false;
    return this.#heap.residentBytes() - this.#trimmedBytes >= trimGrowthBytes;
  }

  #hasGrown(): boolean {
    const isDue = this.#clock.nowMs() - this.#thoroughMs >= seldomMs;
    return this.#heap.residentBytes() - this.#residentBytes >= (isDue ? worthwhileGrowthBytes : stormGrowthBytes);
  }
}
