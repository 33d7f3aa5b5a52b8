import type { Clock } from '#io';
import type { MediaDialog } from '../proxy/media-dialogs.ts';
import {
  COPIES_PER_MESSAGE,
  copyId,
  copyTextOf,
  emptyCopyMessage,
  type CopyMessage,
  type CopyText,
} from './copy-message.ts';
import { keepersOf, type CallHash } from './copy-places.ts';
import type { FarmMember, FarmMembership } from './farm-membership.ts';

/** A call's copy may be so old; and a call that is over by then is not told of at all. */
const GATHER_MS = 100;

export interface ToldCopiesParts {
  readonly clock: Pick<Clock, 'after'>;
  readonly membership: Pick<FarmMembership, 'self' | 'members'>;
  readonly hash: CallHash;
  readonly send: (to: string, message: CopyMessage) => void;
}

interface Told {
  readonly dialog: MediaDialog;
  /** Boots of members: one that was started again has forgotten all. */
  keepers: readonly FarmMember[];
}

/** What other members know of the media of this member's calls: each of them once, and again when it changes or they do. */
export class ToldCopies {
  readonly #parts: ToldCopiesParts;
  readonly #calls = new Map<string, Told>();
  readonly #due = new Set<string>();
  readonly #drops = new Map<string, string[]>();
  #company = '';
  #isWaiting = false;
  #isStopped = false;

  constructor(parts: ToldCopiesParts) {
    this.#parts = parts;
  }

  changed(dialog: MediaDialog): void {
    if (dialog.chosen === undefined) return;
    const id = copyId(dialog.callId, dialog.aTag, dialog.chosen);
    if (!this.#calls.has(id)) this.#calls.set(id, { dialog, keepers: [] });
    this.#due.add(id);
    this.#wait();
  }

  ended({ callId, aTag, chosen }: MediaDialog): void {
    const id = copyId(callId, aTag, chosen ?? '');
    const told = this.#calls.get(id);
    if (told === undefined) return;
    this.#calls.delete(id);
    this.#due.delete(id);
    for (const { name } of told.keepers) this.#drop(name, id);
  }

  /** Members have come or gone: some calls are to be kept by others now. */
  look(): void {
    const { self, members } = this.#all();
    const company = members.map(
      ({ name, boot, isReachable, isInFarm }) => `${name} ${boot} ${isReachable} ${isInFarm}`,
    );
    if (company.join() === this.#company) return;
    this.#company = company.join();
    for (const [id, { dialog, keepers }] of this.#calls) {
      const now = keepersOf(self, members, this.#parts.hash(dialog.callId));
      if (keySet(now) !== keySet(keepers)) this.#due.add(id);
    }
    if (this.#due.size > 0) this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #all(): { readonly self: FarmMember; readonly members: readonly FarmMember[] } {
    const { membership } = this.#parts;
    return { self: membership.self, members: membership.members() };
  }

  #wait(): void {
    if (this.#isWaiting || this.#isStopped) return;
    this.#isWaiting = true;
    this.#parts.clock.after(GATHER_MS, () => this.#turn());
  }

  #drop(name: string, id: string): void {
    const ids = this.#drops.get(name);
    if (ids === undefined) this.#drops.set(name, [id]);
    else ids.push(id);
    this.#wait();
  }

  /** Many at once, when a keeper has gone, are told over several turns. */
  #turn(): void {
    this.#isWaiting = false;
    if (this.#isStopped) return;
    const { send, hash } = this.#parts;
    const { self, members } = this.#all();
    const puts = new Map<string, CopyText[]>();
    let count = 0;
    for (const id of this.#due) {
      if (++count > COPIES_PER_MESSAGE) break;
      this.#due.delete(id);
      const told = this.#calls.get(id);
      const text = told && copyTextOf(told.dialog);
      if (told === undefined || text === undefined) continue;
      const before = told.keepers;
      told.keepers = keepersOf(self, members, hash(told.dialog.callId));
      for (const { name } of told.keepers) puts.set(name, [...(puts.get(name) ?? []), [id, text]]);
      for (const { name } of before) {
        if (!told.keepers.some((keeper) => keeper.name === name)) this.#drop(name, id);
      }
    }
    for (const name of new Set([...puts.keys(), ...this.#drops.keys()])) {
      send(name, { ...emptyCopyMessage, put: puts.get(name) ?? [], drop: this.#drops.get(name) ?? [] });
    }
    this.#drops.clear();
    if (this.#due.size > 0) this.#wait();
  }
}

const keySet = (keepers: readonly FarmMember[]): string => keepers.map(({ name, boot }) => `${name} ${boot}`).join();
