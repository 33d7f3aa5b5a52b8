import type { Random } from '#io';
import { Timeout, type BusAddress } from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import { memberName, type MemberId } from '../member-id.ts';
import { Conversation, type ConversationDeps } from './conversation.ts';
import type { BusMember } from './member-source.ts';

const keyOf = ({ member, boot }: MemberBoot): string => `${member} ${boot}`;

/** Whom a call goes to, or why it cannot go anywhere. */
export type Addressee = Conversation | { readonly gone: string };

/** All conversations of a bus, and who is listed as a member. */
export class Conversations {
  readonly #deps: ConversationDeps;
  readonly #random: Random;
  readonly #byKey = new Map<string, Conversation>();
  readonly #byMember = new Map<MemberId, Set<Conversation>>();
  #listed: ReadonlyMap<MemberId, BusMember> = new Map();

  constructor(deps: ConversationDeps, random: Random) {
    this.#deps = deps;
    this.#random = random;
  }

  *[Symbol.iterator](): IterableIterator<Conversation> {
    yield* this.#byKey.values();
  }

  listed(member: MemberId): BusMember | undefined {
    return this.#listed.get(member);
  }

  isWanted(member: MemberId): boolean {
    for (const conversation of this.#byMember.get(member) ?? []) if (conversation.isWaiting) return true;
    return false;
  }

  hasLink(member: MemberId): boolean {
    for (const { link } of this.#byMember.get(member) ?? []) if (link !== undefined) return true;
    return false;
  }

  /** Who is in the cluster now. What lived in an earlier boot of a listed member is gone. */
  list(members: readonly BusMember[]): void {
    this.#listed = new Map(members.map((other) => [other.member, other]));
    for (const conversation of this.#byKey.values()) {
      const { member, boot } = conversation.other;
      const listed = this.#listed.get(member);
      if (listed?.boot === boot) conversation.wasListed = true;
      else if (listed !== undefined) this.#superseded(conversation);
      if (listed?.boot !== boot && conversation.ending !== undefined) this.#forget(conversation);
    }
  }

  hasRoomFor(other: MemberBoot): boolean {
    if (this.#byKey.has(keyOf(other)) || this.#byKey.size < this.#deps.limits.maxConversations) return true;
    return [...this].some(({ isHeld }) => !isHeld);
  }

  /** Made at the first use. */
  get(other: MemberBoot): Conversation {
    const known = this.#byKey.get(keyOf(other));
    if (known !== undefined) return known;
    if (this.#byKey.size >= this.#deps.limits.maxConversations) this.#forgetOldest();
    const made = new Conversation(other, this.#random.below(0xffff_ffff), this.#deps);
    made.wasListed = this.#listed.get(other.member)?.boot === other.boot;
    this.#byKey.set(keyOf(other), made);
    const ofMember = this.#byMember.get(other.member) ?? new Set();
    this.#byMember.set(other.member, ofMember.add(made));
    return made;
  }

  resolve(to: BusAddress): Addressee {
    if (typeof to === 'string') return this.#current(to);
    const listed = this.#listed.get(to.member);
    const known = this.#byKey.get(keyOf(to));
    if (known !== undefined && (known.link !== undefined || listed?.boot === to.boot)) return known;
    // Its link is down, and the directory does not know it yet: it may come back.
    if (known?.wasListed === false && listed === undefined) return known;
    if (listed?.boot === to.boot) return this.get(listed);
    const name = memberName(to.member);
    return { gone: listed === undefined ? `${name} is no member (any more)` : `${name} has been started again` };
  }

  /** A boot has said hello: other boots of its member that have no link have ended. */
  met(met: Conversation): void {
    for (const other of this.#byMember.get(met.other.member) ?? []) if (other !== met) this.#superseded(other);
  }

  /** The link of a conversation is gone. */
  parted(parted: Conversation): void {
    const { member, boot } = parted.other;
    const listed = this.#listed.get(member);
    const isSuperseded = [...(this.#byMember.get(member) ?? [])].some(
      (other) => other !== parted && other.link !== undefined && other.lastUpMs >= parted.lastUpMs,
    );
    if (isSuperseded || (listed !== undefined && listed.boot !== boot)) this.#superseded(parted);
  }

  #current(member: MemberId): Addressee {
    const listed = this.#listed.get(member);
    let best: Conversation | undefined;
    for (const each of this.#byMember.get(member) ?? []) {
      if (each.link === undefined || each.ending !== undefined) continue;
      if (best === undefined || rank(each) > rank(best)) best = each;
    }
    if (best !== undefined && (best.state === 'up' || listed === undefined)) return best;
    if (listed !== undefined) return this.get(listed);
    return best ?? { gone: `${memberName(member)} is no member (any more)` };
  }

  /** While its link lives it may be the directory, or the hello, that is late. */
  #superseded(conversation: Conversation): void {
    if (conversation.isHeld || conversation.ending !== undefined) return;
    conversation.ended(`${memberName(conversation.other.member)} has been started again`);
  }

  #forgetOldest(): void {
    let oldest: Conversation | undefined;
    for (const each of this.#byKey.values()) {
      if (!each.isHeld && (oldest === undefined || each.lastUpMs < oldest.lastUpMs)) oldest = each;
    }
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(conversation: Conversation): void {
    if (conversation.isHeld) return;
    const { other } = conversation;
    conversation.leave(() => new Timeout(`${memberName(other.member)} was forgotten: there are too many members`));
    this.#byKey.delete(keyOf(other));
    const ofMember = this.#byMember.get(other.member);
    ofMember?.delete(conversation);
    if (ofMember?.size === 0) this.#byMember.delete(other.member);
  }
}

/** Of two boots with a link: one that is heard before one that is silent, the newer link before the older. */
const rank = ({ state, lastUpMs }: Conversation): number => (state === 'up' ? 1e15 : 0) + lastUpMs;
