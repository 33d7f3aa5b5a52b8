import type { Clock, Timer } from '#io';
import { flushHeld, flushIdle, type HubPort } from './port.ts';

export interface FloodPacing {
  readonly floodWritesPerSecond: number;
  readonly floodHoldMinMs: number;
  readonly floodHoldMaxMs: number;
}

/** Ports per millisecond of hold: with n ports held, flooding causes at most so many thousand writes a second. */
const heldPortsPerMs = 4;

/**
 * Keeps flooding from turning each frame into a write per session: when many clients log in at once, each new network
 * card's ARP, ND and MLD frames go to everybody. Floods are free up to a budget of writes per second; beyond it
 * sessions for which nothing but flooded frames wait are held some milliseconds, so that frames gather.
 */
export class FloodPacer {
  readonly #clock: Clock;
  readonly #pacing: FloodPacing;
  readonly #due: (port: HubPort) => void;
  #budget: number;
  #filledAtMs: number;
  #held: HubPort[] = [];
  #timer: Timer | undefined;

  /** `due` is called for each held port when its time is up. */
  constructor(clock: Clock, pacing: FloodPacing, due: (port: HubPort) => void) {
    this.#clock = clock;
    this.#pacing = pacing;
    this.#due = due;
    this.#budget = pacing.floodWritesPerSecond;
    this.#filledAtMs = clock.nowMs();
  }

  /** Asked once per flooded run: whether it is to be held. Looks at the clock only when the budget is used up. */
  isBusy(): boolean {
    return this.#budget <= 0 && !this.#refill();
  }

  /** A flood has caused a write. */
  spend(): void {
    this.#budget--;
  }

  /** `fanOut` = sessions in the hub. */
  hold(port: HubPort, fanOut: number): void {
    port.flushState = flushHeld;
    if (port.isInHeldList) return;
    port.isInHeldList = true;
    this.#held.push(port);
    if (this.#timer !== undefined) return;
    const { floodHoldMinMs, floodHoldMaxMs } = this.#pacing;
    const delayMs = Math.min(Math.max(fanOut / heldPortsPerMs, floodHoldMinMs), floodHoldMaxMs);
    this.#timer = this.#clock.after(delayMs, this.#release);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#held = [];
  }

  #refill(): boolean {
    const nowMs = this.#clock.nowMs();
    const rate = this.#pacing.floodWritesPerSecond;
    this.#budget = Math.min(Math.max(this.#budget, -rate) + ((nowMs - this.#filledAtMs) * rate) / 1000, rate);
    this.#filledAtMs = nowMs;
    return this.#budget > 0;
  }

  readonly #release = (): void => {
    this.#timer = undefined;
    const held = this.#held;
    this.#held = [];
    for (const port of held) {
      port.isInHeldList = false;
      if (port.flushState !== flushHeld) continue;
      port.flushState = flushIdle;
      if (port.isAttached) this.#due(port);
    }
  };
}
