import type { Clock } from '#io';
import type { MemberBoot } from '../member-boot.ts';
import { memberName, type MemberId } from '../member-id.ts';
import type { Controllership, Membership, MemberView } from '../membership.ts';
import { exclusionOf, exclusionTexts, type Exclusion } from './exclusion.ts';
import { PlacementBook, type PlacementRow } from './placement-book.ts';

/** As long as a ticket is good. */
export const ticketLifeMs = 30_000;

export type PlacementResult = Placed | NotPlaced;

/** Counted for this member until its report shows the session, or until the ticket has expired. */
export interface Placed {
  readonly kind: 'placed';
  readonly member: MemberView;
  /** The member did not take it: counts no longer. A second call does nothing. */
  withdraw(): void;
}

export interface NotPlaced {
  readonly kind: 'none';
  /** For people: each member and what keeps it out. */
  readonly message: string;
  readonly exclusions: ReadonlyMap<MemberId, Exclusion>;
}

export interface ClusterPlacementOptions {
  readonly membership: Membership;
  readonly controllership: Pick<Controllership, 'controller' | 'onChange'>;
  readonly clock: Clock;
}

/** What an existing object's host may be without turning its sessions away: there is nowhere else for them. */
const toleratedByHost: readonly (Exclusion | undefined)[] = [undefined, 'draining', 'controllerOnly'];

/** Where sessions go. Lives on the controller (on every eligible member, so that it is warm when its time comes). */
export class ClusterPlacement {
  readonly #membership: Membership;
  readonly #controllership: Pick<Controllership, 'controller' | 'onChange'>;
  readonly #clock: Clock;
  readonly #book = new PlacementBook(ticketLifeMs);
  readonly #stops: (() => void)[];

  constructor({ membership, controllership, clock }: ClusterPlacementOptions) {
    this.#membership = membership;
    this.#controllership = controllership;
    this.#clock = clock;
    this.#stops = [
      membership.onChange((members) => this.#follow(members)),
      controllership.onChange(() => this.#follow(membership.members())),
    ];
    this.#follow(membership.members());
  }

  /** A session of a static hub, or the first one of a dynamic hub: the member with the most points. */
  chooseMember(except?: ReadonlySet<MemberId>): PlacementResult {
    const id = this.#book.choose(this.#clock.nowMs(), except);
    const member = id && this.#membership.find(id);
    return member === undefined ? this.#none(except) : this.#placed(member);
  }

  /** A further session of an object that lives on `host`: there or nowhere. */
  placeOn(host: MemberBoot): PlacementResult {
    const member = this.#membership.find(host.member);
    const row = this.#book.row(host.member, this.#clock.nowMs());
    if (member?.info.boot !== host.boot || row === undefined || !toleratedByHost.includes(row.exclusion)) {
      return this.#none(undefined, host.member);
    }
    return this.#placed(member);
  }

  /** What the choice rests on, with this controller's own placements counted. */
  rows(): readonly PlacementRow[] {
    return this.#book.rows(this.#clock.nowMs());
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #placed(member: MemberView): Placed {
    const { id, boot } = member.info;
    this.#book.place(id, this.#clock.nowMs());
    let isCounted = true;
    return {
      kind: 'placed',
      member,
      withdraw: () => {
        if (isCounted && this.#membership.find(id)?.info.boot === boot) this.#book.withdraw(id);
        isCounted = false;
      },
    };
  }

  #none(except: ReadonlySet<MemberId> | undefined, host?: MemberId): NotPlaced {
    const rows = this.rows().filter(({ id }) => (host === undefined ? except?.has(id) !== true : id === host));
    const exclusions = new Map(rows.flatMap(({ id, exclusion }) => (exclusion === undefined ? [] : [[id, exclusion]])));
    const reasons = [...exclusions].map(([id, exclusion]) => `${memberName(id)} ${exclusionTexts[exclusion]}`);
    if (host !== undefined && reasons.length === 0) reasons.push(`${memberName(host)} is gone`);
    const message = `no member takes a session: ${reasons.join(', ') || 'none is there'}`;
    return { kind: 'none', message, exclusions };
  }

  #follow(members: readonly MemberView[]): void {
    const controller = this.#controllership.controller()?.member;
    const present = new Set(members.map(({ info }) => info.id));
    for (const id of [...this.#book.ids()]) if (!present.has(id)) this.#book.remove(id);
    for (const view of members) {
      const { id, boot, weight, capacity } = view.info;
      const load = view.load ?? { sequence: -1, sessions: 0, ticketsTaken: 0 };
      this.#book.update({ id, boot, weight, capacity, exclusion: exclusionOf(view, controller), load });
    }
  }
}
