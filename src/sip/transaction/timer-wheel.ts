import type { Clock, Timer } from '#io';

/** Something with timers of its own. The wheel keeps one entry for the earliest of them. */
export interface Timed {
  /** The wheel's: the tick at which it will be looked at, 0 = none. Entries of another tick are stale. */
  wheelTick: number;
  /** Runs what is due and schedules itself again for what is not. Bears being looked at early. */
  look(nowMs: number): void;
}

/**
 * In the place of a time of the wheel, which is above 0. An infinite number would be an object of its own in each of hundreds
 * of thousands of transactions.
 */
export const NEVER = 0;
/** A state that lasts no time at all. */
export const AT_ONCE = -1;

export const isDue = (atMs: number, nowMs: number): boolean => atMs > NEVER && nowMs >= atMs;

/** Of two times that may be `NEVER` or `AT_ONCE`, which are nothing to wait for. */
export function earlier(aMs: number, bMs: number): number {
  if (aMs <= NEVER) return Math.max(bMs, NEVER);
  return bMs <= NEVER || aMs < bMs ? aMs : bMs;
}

/** Coarse enough to cost nothing, fine against T1. A timer is up to two ticks late, never early. */
export const WHEEL_TICK_MS = 20;
/** 41 seconds: every transaction timer fits; what is later is looked at on the way. */
const SLOTS = 2048;

/** Half a second: with nothing to look at for so long the wheel sleeps until there is. */
const QUIET_TICKS = 25;

/**
 * All timers of the SIP server behind one periodic one, which runs only while something is scheduled soon. What transactions
 * that are over wait for is half a minute away: a server at rest shall not turn a wheel for it.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: Timed[][] = Array.from({ length: SLOTS }, () => []);
  #spare: Timed[] = [];
  #tick = 0;
  #startedAtMs = 0;
  #entries = 0;
  #isTurning = false;
  #timer: Timer | undefined;
  /** While it sleeps: the next tick with entries. */
  #wakeTick = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Entries in the wheel, stale ones too. */
  get size(): number {
    return this.#entries;
  }

  /** Milliseconds of this wheel, above 0 and without fractions, in whole ticks: between two of them, that of the next. Cheap to read. */
  get nowMs(): number {
    if (this.#timer === undefined) this.#start();
    else if (this.#wakeTick > 0) this.#wake();
    return this.#startedAtMs + (this.#isTurning ? this.#tick : this.#tick + 1) * WHEEL_TICK_MS;
  }

  /** Looks at `item` at `dueMs` of this wheel's time, or before if it is in for an earlier time already. */
  schedule(item: Timed, dueMs: number): void {
    if (this.#timer === undefined) this.#start();
    else if (this.#wakeTick > 0) this.#wake();
    const wanted = Math.ceil((dueMs - this.#startedAtMs) / WHEEL_TICK_MS);
    const tick = Math.min(Math.max(wanted, this.#tick + 1), this.#tick + SLOTS - 1);
    if (item.wheelTick > this.#tick && item.wheelTick <= tick) return;
    item.wheelTick = tick;
    this.#slots[tick % SLOTS]!.push(item);
    this.#entries++;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeTick = 0;
    for (const slot of this.#slots) slot.length = 0;
    this.#entries = 0;
  }

  #start(): void {
    // Whole milliseconds: times are kept by hundreds of thousands, and numbers with fractions are objects.
    this.#startedAtMs = Math.floor(this.#clock.nowMs()) - this.#tick * WHEEL_TICK_MS;
    this.#timer = this.#clock.every(WHEEL_TICK_MS, this.#turn);
  }

  readonly #turn = (): void => {
    const until = this.#tickNow();
    this.#isTurning = true;
    while (this.#tick < until) this.#advance();
    this.#isTurning = false;
    if (this.#entries === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else this.#sleepIfQuiet();
  };

  #tickNow(): number {
    return Math.floor((this.#clock.nowMs() - this.#startedAtMs) / WHEEL_TICK_MS);
  }

  #sleepIfQuiet(): void {
    let next = this.#tick + 1;
    while (this.#slots[next % SLOTS]!.length === 0) next++;
    if (next - this.#tick <= QUIET_TICKS) return;
    this.#timer?.cancel();
    this.#wakeTick = next;
    const delayMs = this.#startedAtMs + next * WHEEL_TICK_MS - this.#clock.nowMs();
    this.#timer = this.#clock.after(delayMs, () => {
      this.#wake();
      this.#turn();
    });
  }

  /** What it slept over are empty slots; what is due by now is looked at by the next turn. */
  #wake(): void {
    this.#timer?.cancel();
    this.#tick = Math.max(this.#tick, Math.min(this.#tickNow(), this.#wakeTick - 1));
    this.#wakeTick = 0;
    this.#timer = this.#clock.every(WHEEL_TICK_MS, this.#turn);
  }

  #advance(): void {
    const tick = ++this.#tick;
    const at = tick % SLOTS;
    const due = this.#slots[at]!;
    if (due.length === 0) return;
    this.#slots[at] = this.#spare;
    this.#entries -= due.length;
    const nowMs = this.#startedAtMs + tick * WHEEL_TICK_MS;
    for (const item of due) {
      if (item.wheelTick !== tick) continue;
      item.wheelTick = 0;
      item.look(nowMs);
    }
    due.length = 0;
    this.#spare = due;
  }
}
