import { Rendezvous } from './rendezvous.ts';

/** A member that new work goes to. */
export interface SetMember {
  readonly token: string;
  readonly weight: number;
}

/** `late`: CANCEL and ACK, whose INVITE may have rung for minutes. */
export type WorkKind = 'late' | 'other';

export interface FarmSetTimes {
  /** How long work begun under an earlier set is looked for: 64 × T1. */
  readonly workMs: number;
  /** The same for CANCEL and ACK: timer C and 64 × T1. */
  readonly lateMs: number;
}

interface Era {
  readonly key: string;
  readonly rendezvous: Rendezvous<SetMember>;
  /** When it ceased to be the present one. */
  endedMs: number;
}

/** Sets of the past that are remembered. Beyond it the oldest is forgotten. */
export const mostEras = 8;

/** The members that share the work, and those who did a while ago: their transactions are still there. */
export class FarmSet {
  readonly #times: FarmSetTimes;
  /** The oldest first, none twice. */
  #past: Era[] = [];
  #present: Era;

  constructor(times: FarmSetTimes, members: readonly SetMember[]) {
    this.#times = times;
    this.#present = eraOf(members);
  }

  /** Returns whether that is another set than before. */
  change(members: readonly SetMember[], nowMs: number): boolean {
    const next = eraOf(members);
    if (next.key === this.#present.key) return false;
    // Nobody had work of an empty one.
    if (this.#present.key !== '') this.#keep(this.#present, nowMs);
    this.#present = next;
    return true;
  }

  /** A set that was the present one until now, though this member was not there to see it. */
  before(members: readonly SetMember[], nowMs: number): void {
    const era = eraOf(members);
    if (era.key !== this.#present.key) this.#keep(era, nowMs);
  }

  /** Who the work of that key belongs to now; undefined: nobody is in the farm. */
  owner(hash: number): string | undefined {
    return this.#present.rendezvous.owner(hash)?.token;
  }

  /** Whether an earlier set counts for anything at all. */
  isSettled(nowMs: number): boolean {
    if (this.#past.length === 0) return true;
    if (this.#past.some(({ endedMs }) => nowMs - endedMs <= this.#times.lateMs)) return false;
    this.#past = [];
    return true;
  }

  /** Who may have the work of that key, from the earliest set that counts to the present one, none twice: the present owner is the last. */
  owners(hash: number, nowMs: number, kind: WorkKind): string[] {
    const found: string[] = [];
    const present = this.owner(hash);
    const longestMs = kind === 'late' ? this.#times.lateMs : this.#times.workMs;
    for (const { endedMs, rendezvous } of this.#past) {
      if (nowMs - endedMs > longestMs) continue;
      const token = rendezvous.owner(hash)?.token;
      if (token !== undefined && token !== present && !found.includes(token)) found.push(token);
    }
    if (present !== undefined) found.push(present);
    return found;
  }

  #keep(era: Era, nowMs: number): void {
    const known = this.#past.find(({ key }) => key === era.key);
    // One that comes and goes is one: what began under it may be as old as its first time, and as young as its last.
    if (known !== undefined) known.endedMs = nowMs;
    else this.#past.push({ ...era, endedMs: nowMs });
    this.#past = this.#past.filter(({ endedMs }) => nowMs - endedMs <= this.#times.lateMs).slice(-mostEras);
  }
}

function eraOf(members: readonly SetMember[]): Era {
  const key = members
    .map(({ token, weight }) => `${token} ${weight}`)
    .toSorted()
    .join(',');
  return { key, rendezvous: new Rendezvous(members), endedMs: 0 };
}
