import { reasonOf, type Logger } from '#base';
import type { Clock, Random, Timer } from '#io';
import type { MemberId } from '../member-id.ts';
import type { Carrier, LinkMaker } from './carrier.ts';
import type { BusTiming } from './limits.ts';
import type { BusMember } from './member-source.ts';

export interface DiallerDeps {
  readonly self: MemberId;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly timing: BusTiming;
  readonly dial: LinkMaker['dial'];
  readonly connected: (carrier: Carrier, other: BusMember) => void;
  /** Whether a link to that member is wanted, and how much. */
  readonly wish: (member: MemberId) => Wish;
}

export type Wish = 'none' | 'link' | 'urgent';

/** A call that waits makes the next attempt come at the latest after so long. */
const HURRY_MS = 250;

/** Opens connections to one member, for as long as one is wanted and there is none. */
export class MemberDialler {
  #other: BusMember;
  readonly #deps: DiallerDeps;
  #timer: Timer | undefined;
  #dueMs = 0;
  #dialling: AbortController | undefined;
  #attempts = 0;
  #lastFailure = '';
  #isLinked = false;

  constructor(other: BusMember, deps: DiallerDeps) {
    this.#other = other;
    this.#deps = deps;
  }

  /** What the directory says of it now. One that has been started again may be there at once, whatever failed before. */
  update(other: BusMember): void {
    const isNew = other.boot !== this.#other.boot || other.busAddress !== this.#other.busAddress;
    this.#other = other;
    if (!isNew || this.#isLinked) return;
    this.#attempts = 0;
    this.rest();
  }

  /** The wish may have changed. */
  look(): void {
    const { clock, timing, wish } = this.#deps;
    if (this.#isLinked || this.#dialling !== undefined) return;
    const wished = wish(this.#other.member);
    if (wished === 'none') {
      this.rest();
      return;
    }
    const isUrgent = wished === 'urgent';
    if (this.#timer === undefined) this.#arm(isUrgent && this.#attempts === 0 ? 0 : this.#delayMs());
    else if (isUrgent && this.#dueMs - clock.nowMs() > HURRY_MS) {
      this.#timer.cancel();
      this.#arm(this.#attempts === 0 ? 0 : Math.min(HURRY_MS, timing.maxRetryMs));
    }
  }

  /** There is a link, whoever opened it: an attempt under way is given up. */
  linked(): void {
    this.#isLinked = true;
    this.#attempts = 0;
    this.#lastFailure = '';
    this.rest();
  }

  /** The link has ended. */
  unlinked(): void {
    this.#isLinked = false;
    this.look();
  }

  /** The connection that was handed over did not become a link. */
  failed(why: string): void {
    this.#dialling = undefined;
    if (this.#isLinked) return;
    this.#attempts++;
    if (why !== this.#lastFailure) {
      this.#deps.logger.warn(
        { member: this.#other.member, address: this.#other.busAddress, why },
        'no link of the bus',
      );
    }
    this.#lastFailure = why;
    this.look();
  }

  rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dialling?.abort();
    this.#dialling = undefined;
  }

  #arm(delayMs: number): void {
    const { clock } = this.#deps;
    this.#dueMs = clock.nowMs() + delayMs;
    this.#timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#dial();
    });
  }

  /** Of two members the one with the smaller name dials, the other only where that does not come. */
  #delayMs(): number {
    const { self, random, timing } = this.#deps;
    const { dialGraceMs, firstRetryMs, maxRetryMs } = timing;
    if (this.#attempts === 0) return self < this.#other.member ? 0 : dialGraceMs + random.below(dialGraceMs);
    const fullMs = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(this.#attempts - 1, 16));
    return fullMs / 2 + random.below(Math.ceil(fullMs / 2));
  }

  #dial(): void {
    const { dial, connected } = this.#deps;
    const other = this.#other;
    const dialling = new AbortController();
    this.#dialling = dialling;
    dial(other, dialling.signal).then(
      (carrier) => {
        if (dialling.signal.aborted) carrier.destroy();
        else connected(carrier, other);
      },
      (error: unknown) => {
        if (dialling.signal.aborted) return;
        this.failed(reasonOf(error));
      },
    );
  }
}
