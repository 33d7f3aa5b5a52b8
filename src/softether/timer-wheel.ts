import type { Clock, Timer } from '#io';

/** Something that wants to be looked at now and then. It must bear being looked at early. */
export interface Watched {
  /** Returns in how many milliseconds to look again; 0 = never. */
  look(nowMs: number): number;
}

const TICK_MS = 250;
const SLOTS = 256;
/** A tick that comes later than this was kept from running: the rest of the gap was our silence, not the peers'. */
const LONGEST_STEP_MS = 1000;

/**
 * One periodic tick for everything that times out: thousands of sessions cost one array slot each, no timer.
 * `nowMs` is the wheel's own time, a tick coarse, cheap to read on the frame path. A stall of the process (suspended
 * machine, debugger) does not count, so that sessions with data waiting in the kernel survive it.
 */
export class TimerWheel {
  nowMs = 0;
  readonly #clock: Clock;
  readonly #slots: (Watched[] | undefined)[] = new Array<Watched[] | undefined>(SLOTS).fill(undefined);
  #position = 0;
  #items = 0;
  #lastTickMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Things under watch. */
  get size(): number {
    return this.#items;
  }

  /** Looks at `item` after `delayMs`, rounded up to ticks; a delay beyond the wheel (64 s) is looked at earlier. */
  watch(item: Watched, delayMs: number): void {
    this.#items++;
    this.#put(item, delayMs);
    if (this.#timer !== undefined) return;
    this.#lastTickMs = this.#clock.nowMs();
    this.#timer = this.#clock.every(TICK_MS, () => this.#tick());
  }

  #put(item: Watched, delayMs: number): void {
    const ticks = Math.min(Math.max(Math.ceil(delayMs / TICK_MS), 1), SLOTS - 1);
    const slot = (this.#position + ticks) % SLOTS;
    (this.#slots[slot] ??= []).push(item);
  }

  #tick(): void {
    const now = this.#clock.nowMs();
    const steps = Math.min(Math.round((now - this.#lastTickMs) / TICK_MS), LONGEST_STEP_MS / TICK_MS);
    this.#lastTickMs = now;
    for (let step = 0; step < Math.max(steps, 1); step++) this.#advance();
    if (this.#items === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  }

  #advance(): void {
    this.#position = (this.#position + 1) % SLOTS;
    this.nowMs += TICK_MS;
    const due = this.#slots[this.#position];
    this.#slots[this.#position] = undefined;
    if (due === undefined) return;
    for (const item of due) {
      const againMs = item.look(this.nowMs);
      if (againMs > 0) this.#put(item, againMs);
      else this.#items--;
    }
  }
}
