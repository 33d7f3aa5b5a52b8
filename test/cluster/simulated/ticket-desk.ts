import type { Clock } from '#io';

const ticketLifeMs = 30_000;

interface Ticket {
  readonly hub: string;
  /** Of the placement it is for; 0 = a static hub. */
  readonly revision: number;
  readonly expiresAtMs: number;
}

/** Tickets that a member expects: each is good once, for its hub, for 30 s. */
export class TicketDesk {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, Ticket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  expect(ticket: string, hub: string, revision: number): void {
    this.#tickets.set(ticket, { hub, revision, expiresAtMs: this.#clock.nowMs() + ticketLifeMs });
  }

  /** The revision it is for; undefined = it is not good here. */
  take(ticket: string, hub: string): number | undefined {
    const found = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (found?.hub !== hub || found.expiresAtMs <= this.#clock.nowMs()) return undefined;
    return found.revision;
  }

  waitsFor(hub: string): boolean {
    const nowMs = this.#clock.nowMs();
    for (const [ticket, { expiresAtMs }] of this.#tickets) if (expiresAtMs <= nowMs) this.#tickets.delete(ticket);
    return [...this.#tickets.values()].some((ticket) => ticket.hub === hub);
  }
}
