import { hex8, type ShortMac } from './short-mac.ts';

/** RFC 3261 §8.1.1.7. */
export const BRANCH_COOKIE = 'z9hG4bK';
/** What every branch of this farm begins with. */
const OURS = `${BRANCH_COOKIE}hf`;
const HEX_DIGITS = 8;
const DOT = 46;

/** A branch of ours, taken apart. */
export interface BranchParts {
  /** Which member made it. */
  readonly member: string;
  /** Where its client transaction is in that member's table. */
  readonly slot: number;
  /** Which of those that were there one after the other. */
  readonly generation: number;
  /** Of what the request's way depends on, as it came in (RFC 5393 §4.2.1). */
  readonly loopHash: number;
}

/**
 * `z9hG4bKhf<member>.<slot>.<generation>.<loop>.<mac>`, slot and generation in base 36, the other two eight hex digits. So a
 * response names its transaction without a map of strings, any member of the farm can tell whose it is, and a stranger who
 * does not know the farm's key cannot make one up. Slot `-` says that the request was forwarded without a transaction.
 */
export class BranchCodec {
  /** No branch of this farm is without it. */
  readonly farmPrefix = OURS;
  readonly #member: string;
  readonly #prefix: string;
  readonly #mac: ShortMac;

  constructor(member: string, mac: ShortMac) {
    if (!/^[0-9a-z]{1,16}$/.test(member)) throw new Error(`member token ${member}: want 1 to 16 of 0-9 a-z`);
    this.#member = member;
    this.#prefix = OURS + member;
    this.#mac = mac;
  }

  encode(slot: number, generation: number, loopHash: number): string {
    const mac = this.#mac.begin().text(this.#member).number(slot).number(generation).number(loopHash).finish();
    return `${this.#prefix}.${slot.toString(36)}.${generation.toString(36)}.${hex8(loopHash)}.${hex8(mac)}`;
  }

  /**
   * RFC 3261 §16.11: a request that is forwarded without a transaction gets the same branch each time it comes.
   * `seed`: what tells it from others, its own branch for example.
   */
  encodeStateless(seed: string, loopHash: number): string {
    const first = this.#mac.begin().text('stateless').text(seed).number(loopHash).finish();
    const mac = this.#mac.begin().text(this.#member).number(-1).number(first).number(loopHash).finish();
    return `${this.#prefix}.-.${first.toString(36)}.${hex8(loopHash)}.${hex8(mac)}`;
  }

  /** undefined: not ours, or made up. Slot -1: forwarded without a transaction. */
  decode(branch: string): BranchParts | undefined {
    if (!branch.startsWith(OURS)) return undefined;
    const slotAt = branch.indexOf('.', OURS.length) + 1;
    const generationAt = branch.indexOf('.', slotAt) + 1;
    const loopAt = branch.indexOf('.', generationAt) + 1;
    if (slotAt === 0 || generationAt === 0 || loopAt === 0) return undefined;
    const macAt = loopAt + HEX_DIGITS + 1;
    if (branch.length !== macAt + HEX_DIGITS || branch.charCodeAt(macAt - 1) !== DOT) return undefined;
    const member = branch.slice(OURS.length, slotAt - 1);
    const slot = branch.startsWith('-', slotAt) ? -1 : Number.parseInt(branch.slice(slotAt, generationAt - 1), 36);
    const generation = Number.parseInt(branch.slice(generationAt, loopAt - 1), 36);
    const loopHash = Number.parseInt(branch.slice(loopAt, macAt - 1), 16);
    const mac = Number.parseInt(branch.slice(macAt), 16);
    const expected = this.#mac.begin().text(member).number(slot).number(generation).number(loopHash).finish();
    return mac === expected ? { member, slot, generation, loopHash } : undefined;
  }

  isOwnMember(parts: BranchParts): boolean {
    return parts.member === this.#member;
  }
}
