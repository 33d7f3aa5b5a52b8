import { hubKeyOf } from '#hub';
import type { Clock, Timer } from '#io';
import type { ClusterSessionLimits } from './limits.ts';
import type { ExpectedSession } from './place-order.ts';

export interface TicketOfficeOptions {
  readonly clock: Clock;
  readonly limits: Pick<ClusterSessionLimits, 'ticketLifeMs' | 'maxTickets'>;
  /** Nobody came with it in time. */
  readonly expired: (session: ExpectedSession) => void;
}

interface Held {
  readonly key: string;
  readonly session: ExpectedSession;
  readonly endsAtMs: number;
}

/**
 * The tickets that the controller has announced to this member, and that nobody has come with yet. A ticket is good
 * once, for one hub, for 30 s, and for this boot of this member alone: it is written nowhere. Several clients behind one
 * address each have their own.
 */
export class TicketOffice {
  readonly #options: TicketOfficeOptions;
  /** All live equally long: the order of coming is the order of ending. */
  readonly #held = new Map<string, Held>();
  readonly #perHub = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(options: TicketOfficeOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /** False: the table is full. `ticket`: 20 bytes. */
  expect(ticket: Buffer, session: ExpectedSession): boolean {
    const { clock, limits } = this.#options;
    const key = ticket.toString('latin1');
    if (this.#held.has(key) || this.#held.size >= limits.maxTickets) return false;
    this.#held.set(key, { key, session, endsAtMs: clock.nowMs() + limits.ticketLifeMs });
    this.#count(session.hubName, 1);
    this.#arm();
    return true;
  }

  /** What the ticket is good for; it is not, any more, afterwards. Undefined: unknown, used, expired, or for another hub. */
  take(ticket: Buffer, hubName: string): ExpectedSession | undefined {
    const held = this.#held.get(ticket.toString('latin1'));
    if (held === undefined || hubKeyOf(held.session.hubName) !== hubKeyOf(hubName)) return undefined;
    if (held.endsAtMs <= this.#options.clock.nowMs()) return undefined;
    this.#remove(held);
    return held.session;
  }

  /** Whether somebody may still come for this hub. */
  expectsFor(hubName: string): boolean {
    return this.#perHub.has(hubKeyOf(hubName));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#held.clear();
    this.#perHub.clear();
  }

  #remove(held: Held): void {
    this.#held.delete(held.key);
    this.#count(held.session.hubName, -1);
  }

  #count(hubName: string, by: number): void {
    const key = hubKeyOf(hubName);
    const count = (this.#perHub.get(key) ?? 0) + by;
    if (count === 0) this.#perHub.delete(key);
    else this.#perHub.set(key, count);
  }

  #arm(): void {
    const [first] = this.#held.values();
    if (this.#timer !== undefined || first === undefined) return;
    const { clock } = this.#options;
    this.#timer = clock.after(first.endsAtMs - clock.nowMs(), () => {
      this.#timer = undefined;
      this.#expire();
      this.#arm();
    });
  }

  #expire(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const held of this.#held.values()) {
      if (held.endsAtMs > nowMs) return;
      this.#remove(held);
      this.#options.expired(held.session);
    }
  }
}
