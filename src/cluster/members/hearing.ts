import type { Clock } from '#io';
import type { BusLink } from '../bus.ts';
import { defaultBusTiming } from '../bus/limits.ts';
import type { MemberBoot } from '../member-boot.ts';
import type { MemberId } from '../member-id.ts';

const noLinkYet = 'the bus has not reached it yet';

/** How well this member hears each of the others: over the bus, and by the reports that they leave in the engine. */
export class Hearing {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #links = new Map<MemberId, BusLink>();
  /** Since when a link is not up, as far as it was heard (own clock). */
  readonly #unheardSinceMs = new Map<MemberId, number>();
  /** When a member's last report came through the engine (own clock). */
  readonly #reportedAtMs = new Map<MemberId, number>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** The bus tells how well it hears somebody. False: it is as before. */
  follow(link: BusLink): boolean {
    const { member, boot } = link.to;
    const before = this.#links.get(member);
    // The end of an earlier boot's link may be told after the beginning of the next one's.
    if (before !== undefined && before.to.boot !== boot && link.state !== 'up') return false;
    this.#links.set(member, link);
    this.#noteSilence(link, before);
    return before?.state !== link.state || before.to.boot !== boot;
  }

  /** A report of this member has come through the engine. */
  reported(member: MemberId): void {
    this.#reportedAtMs.set(member, this.#clock.nowMs());
  }

  /** Its link is broken, not only silent. */
  isLinkDown(of: MemberBoot): boolean {
    return this.#linkOf(of)?.state === 'down';
  }

  /** Since when nothing has come of a boot, neither over the bus nor through the engine (own clock). */
  silentSinceMs(of: MemberBoot): number {
    const link = this.#linkOf(of);
    if (link?.state === 'up') return this.#clock.nowMs();
    const unheardMs = link === undefined ? undefined : this.#unheardSinceMs.get(of.member);
    return Math.max(unheardMs ?? Infinity, this.#reportedAtMs.get(of.member) ?? -Infinity);
  }

  /** Since when the bus does not hear this member, own clock; undefined: it does, or has never reached it. */
  unheardSinceMs(member: MemberId): number | undefined {
    return this.#unheardSinceMs.get(member);
  }

  /** Why the bus does not hear this boot, for people; empty: it does. */
  doubt(of: MemberBoot): string {
    const link = this.#linkOf(of);
    if (link === undefined) return noLinkYet;
    return link.state === 'up' ? '' : link.cause || 'the bus does not hear it';
  }

  #linkOf({ member, boot }: MemberBoot): BusLink | undefined {
    const link = this.#links.get(member);
    return link?.to.boot === boot ? link : undefined;
  }

  #noteSilence({ to, state }: BusLink, before: BusLink | undefined): void {
    if (state === 'up') this.#unheardSinceMs.delete(to.member);
    else if (before?.state === 'up' || before?.to.boot !== to.boot || !this.#unheardSinceMs.has(to.member)) {
      // The bus says so when nothing was heard for a while.
      const unheardForMs = state === 'silent' ? defaultBusTiming.silentAfterMs : 0;
      this.#unheardSinceMs.set(to.member, this.#clock.nowMs() - unheardForMs);
    }
  }
}
