import type { Clock } from '../clock.ts';
import type { ThreadPort } from '../threads.ts';

type Receiver = Parameters<ThreadPort['receive']>[0];

/**
 * A channel between two "threads" that live on the same loop; a message arrives in a later turn of the one that receives it.
 * Messages are cloned.
 */
export function memoryChannel(clock: Clock, otherClock = clock): readonly [MemoryPort, MemoryPort] {
  const one = new MemoryPort(clock);
  const other = new MemoryPort(otherClock);
  one.join(other);
  other.join(one);
  return [one, other];
}

class MemoryPort implements ThreadPort {
  readonly #clock: Clock;
  #peer: MemoryPort | undefined;
  #receiver: Receiver | undefined;
  readonly #closedWatchers: (() => void)[] = [];
  readonly #arrived: { readonly message: unknown; readonly ends: readonly ThreadPort[] }[] = [];
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(peer: MemoryPort): void {
    this.#peer = peer;
  }

  post(message: unknown, ends: readonly ThreadPort[] = []): void {
    const peer = this.#peer;
    if (this.#isClosed || peer === undefined) return;
    const cloned: unknown = structuredClone(message);
    peer.#clock.soon(() => peer.#arrive(cloned, ends));
  }

  receive(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#clock.soon(() => this.#deliver());
  }

  onClosed(closed: () => void): void {
    this.#closedWatchers.push(closed);
  }

  close(): void {
    for (const end of [this.#peer, this]) {
      if (end !== undefined) end.#clock.soon(() => end.#end());
    }
  }

  #arrive(message: unknown, ends: readonly ThreadPort[]): void {
    if (this.#isClosed) return;
    this.#arrived.push({ message, ends });
    this.#deliver();
  }

  #deliver(): void {
    while (this.#receiver !== undefined && this.#arrived.length > 0) {
      const { message, ends } = this.#arrived.shift()!;
      this.#receiver(message, ends);
    }
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const closed of this.#closedWatchers) closed();
  }
}
