import type { Logger } from '#base';
import type { LoadCounts, MemberInfo, Membership } from '#cluster';
import type { Clock, Timer } from '#io';
import { atMost } from './at-most.ts';

/** What a member says of its listeners. */
export type Reachability = Pick<MemberInfo, 'publicPorts' | 'certificate'>;

export interface MemberReportsOptions {
  readonly membership: Membership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counts: () => LoadCounts;
  readonly reachability: () => Reachability;
}

/** How soon the others learn of what has changed. */
const lookEveryMs = 250;
/** The engine may be away: a member that stops does not wait for it. */
const farewellMs = 500;
const announceMs = 1_000;

/** Tells the others how busy this member is and where it is reached, as long as it runs. */
export class MemberReports {
  readonly #options: MemberReportsOptions;
  #timer: Timer | undefined;
  #announced = '';

  constructor(options: MemberReportsOptions) {
    this.#options = options;
  }

  /** From now on sessions may be placed here. */
  async start(): Promise<void> {
    this.#options.membership.report(this.#options.counts());
    this.#timer = this.#options.clock.every(lookEveryMs, () => {
      this.#options.membership.report(this.#options.counts());
      void this.#announce();
    });
    await atMost(this.#options.clock, announceMs, this.#announce());
  }

  /** Nothing is placed here any more. */
  async stop(): Promise<void> {
    const { membership, clock } = this.#options;
    this.#timer?.cancel();
    await atMost(
      clock,
      farewellMs,
      membership.announce({ isDraining: true }).catch(() => undefined),
    );
  }

  async #announce(): Promise<void> {
    const { membership, logger, reachability } = this.#options;
    const now = reachability();
    const text = JSON.stringify(now);
    if (text === this.#announced) return;
    this.#announced = text;
    try {
      await membership.announce(now);
    } catch (error) {
      this.#announced = '';
      logger.debug({ err: error }, 'the others do not know of changed listeners yet');
    }
  }
}
