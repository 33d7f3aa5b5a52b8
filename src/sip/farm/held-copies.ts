import type { EndedCall } from '../proxy/ended-call.ts';
import type { CopiedCall } from '../proxy/media-keeper.ts';
import { COPIES_PER_MESSAGE, copyId, readCopyText, type CopyText } from './copy-message.ts';
import { heirOf, type CallHash, type OwnAddress } from './copy-places.ts';
import type { FarmMembership } from './farm-membership.ts';

/** Then nobody waits for sound any more. */
const WANTED_MS = 300_000;
/** Calls of which copies are kept. Beyond it new ones are not. */
const MOST_COPIES = 40_000;
/** Opened in one turn, and looked at: what is true of so many is most often true of all. */
const RESTORED_PER_TURN = 50;
const LOOKED_AT_PER_TURN = 200;
/** It may not have the address any more, or not have been up. */
const HAND_AGAIN_MS = 5_000;

/** What was that member's. */
export interface TakenCopies {
  readonly owner: string;
  readonly boot: number;
  readonly calls: readonly CopyText[];
}

export interface HeldCopiesParts {
  readonly membership: Pick<FarmMembership, 'self' | 'members'>;
  readonly hash: CallHash;
  readonly restore: (call: CopiedCall) => 'taken' | 'known' | 'refused';
  readonly hand: (to: string, take: TakenCopies) => void;
  /** This member goes on with them. */
  readonly taken: (ids: readonly string[]) => void;
}

interface Held {
  readonly text: string;
  /** Read when it is needed, once. */
  call: CopiedCall | undefined;
  handedMs: number;
  /** All others have it: whoever comes to have the addresses goes on at once. */
  isSpread: boolean;
}

/** Those of one boot of a member. */
interface Estate {
  readonly owner: string;
  readonly boot: number;
  readonly calls: Map<string, Held>;
  /** Since when it is not there any more. */
  goneSinceMs: number | undefined;
}

/**
 * Copies of other members' calls. When a member is gone, whoever's machine has the addresses that its media were bound to goes on
 * with them: another member of that machine, itself when it has been started again, or one that the address has moved to. Two at
 * once do no harm: the second finds the ports taken, and tries again as long as that is so.
 */
export class HeldCopies {
  readonly #parts: HeldCopiesParts;
  readonly #estates = new Map<string, Estate>();
  #count = 0;

  constructor(parts: HeldCopiesParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#count;
  }

  /** Of a member, its own. */
  put(owner: string, boot: number, calls: readonly CopyText[]): void {
    this.#add({ owner, boot, calls }, false);
  }

  /** From another keeper, when that member is gone. */
  take(taken: TakenCopies): void {
    this.#add(taken, true);
  }

  #add({ owner, boot, calls }: TakenCopies, isSpread: boolean): void {
    const key = `${owner} ${boot}`;
    let estate = this.#estates.get(key);
    if (estate === undefined)
      this.#estates.set(key, (estate = { owner, boot, calls: new Map(), goneSinceMs: undefined }));
    for (const [id, text] of calls) {
      this.drop(id);
      if (this.#count >= MOST_COPIES) continue;
      estate.calls.set(id, { text, call: undefined, handedMs: -Infinity, isSpread });
      this.#count++;
    }
  }

  drop(id: string): void {
    for (const { calls } of this.#estates.values()) {
      if (calls.delete(id)) this.#count--;
    }
  }

  /** Who has gone on with that call, or has it still; undefined: nobody that is known here. It is forgotten. */
  end({ callId, fromTag, toTag }: EndedCall): string | undefined {
    if (this.#count === 0) return undefined;
    for (const id of [copyId(callId, fromTag, toTag), copyId(callId, toTag, fromTag)]) {
      for (const { owner, calls } of this.#estates.values()) {
        if (!calls.delete(id)) continue;
        this.#count--;
        return owner;
      }
    }
    return undefined;
  }

  /** `waiting`: nobody could go on with them yet. `busy`: somebody does, and there are more. `isOwn`: asked for each address. */
  look(nowMs: number, isOwn: OwnAddress): 'none' | 'waiting' | 'busy' {
    let found: 'none' | 'waiting' | 'busy' = 'none';
    for (const [key, estate] of this.#estates) {
      if (estate.calls.size === 0) this.#estates.delete(key);
      else if (!this.#isGone(estate)) estate.goneSinceMs = undefined;
      else {
        estate.goneSinceMs ??= nowMs;
        const isLate = nowMs - estate.goneSinceMs > WANTED_MS;
        if (isLate) this.#forget(key, estate);
        else if (this.#pass(estate, nowMs, isOwn)) found = 'busy';
        if (found === 'none') found = 'waiting';
      }
    }
    return found;
  }

  #isGone({ owner, boot }: Estate): boolean {
    const member = this.#parts.membership.members().find(({ name }) => name === owner);
    return member?.boot !== boot || !member.isReachable;
  }

  #forget(key: string, { calls }: Estate): void {
    this.#count -= calls.size;
    this.#estates.delete(key);
  }

  /** True: it went well, and there are more. */
  #pass(estate: Estate, nowMs: number, isOwn: OwnAddress): boolean {
    const { membership, hash, taken } = this.#parts;
    const company = { self: membership.self, members: membership.members() };
    const others = company.members.filter(({ token, isReachable }) => isReachable && token !== company.self.token);
    const hands = new Map<string, CopyText[]>();
    const done: string[] = [];
    let spread = 0;
    for (const [id, held] of [...firstOf(estate.calls, LOOKED_AT_PER_TURN)]) {
      if (done.length >= RESTORED_PER_TURN) break;
      // Looked at: others come before it the next time.
      estate.calls.delete(id);
      estate.calls.set(id, held);
      const call = (held.call ??= readCopyText(held.text));
      if (call === undefined) {
        this.drop(id);
        continue;
      }
      const { a, b } = call.copy.faces;
      const place = { owner: estate.owner, addresses: [a.bound, b.bound] };
      const heir = heirOf(company, place, () => hash(call.callId), isOwn);
      if (heir?.token === company.self.token) {
        if (!this.#restore(estate, id, call)) break;
        done.push(id);
      } else if (heir === undefined && !held.isSpread) {
        held.isSpread = true;
        spread++;
        for (const { name } of others) append(hands, name, [id, held.text]);
      } else if (heir !== undefined && nowMs - held.handedMs >= HAND_AGAIN_MS) {
        held.handedMs = nowMs;
        append(hands, heir.name, [id, held.text]);
      }
    }
    this.#hand(estate, hands);
    if (done.length > 0) taken(done);
    return done.length >= RESTORED_PER_TURN || spread >= LOOKED_AT_PER_TURN;
  }

  #hand({ owner, boot }: Estate, hands: ReadonlyMap<string, readonly CopyText[]>): void {
    for (const [name, calls] of hands) {
      for (let at = 0; at < calls.length; at += COPIES_PER_MESSAGE) {
        this.#parts.hand(name, { owner, boot, calls: calls.slice(at, at + COPIES_PER_MESSAGE) });
      }
    }
  }

  /** False: its ports are not free, and so may be those of the others. */
  #restore(estate: Estate, id: string, call: CopiedCall): boolean {
    if (this.#parts.restore(call) === 'refused') return false;
    if (estate.calls.delete(id)) this.#count--;
    return true;
  }
}

function append(hands: Map<string, CopyText[]>, name: string, copy: CopyText): void {
  const list = hands.get(name);
  if (list === undefined) hands.set(name, [copy]);
  else list.push(copy);
}

function* firstOf<T>(all: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const one of all) {
    if (left-- === 0) return;
    yield one;
  }
}
