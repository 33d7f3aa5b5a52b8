import { hex8, parseHex8, type ShortMac } from './short-mac.ts';

/** RFC 3261 §8.1.1.7. */
export const BRANCH_COOKIE = 'z9hG4bK';
/** What every branch of this farm begins with. */
const OURS = `${BRANCH_COOKIE}hf`;
const HEX_DIGITS = 8;
const DOT = 0x2e;
const DASH = 0x2d;
const STATELESS = -1;

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
    this.#prefix = `${OURS}${member}.`;
    this.#mac = mac;
  }

  encode(slot: number, generation: number, loopHash: number): string {
    const mac = this.#seal(this.#member, slot, generation, loopHash);
    return `${this.#prefix}${slot.toString(36)}.${generation.toString(36)}.${hex8(loopHash)}.${hex8(mac)}`;
  }

  /**
   * RFC 3261 §16.11: a request that is forwarded without a transaction gets the same branch each time it comes.
   * `seed`: what tells it from others, its own branch for example.
   */
  encodeStateless(seed: string, loopHash: number): string {
    const first = this.#mac.begin().text(seed).number(loopHash).finish();
    const mac = this.#seal(this.#member, STATELESS, first, loopHash);
    return `${this.#prefix}-.${first.toString(36)}.${hex8(loopHash)}.${hex8(mac)}`;
  }

  /** undefined: not ours, or made up. Slot -1: forwarded without a transaction. */
  decode(branch: string): BranchParts | undefined {
    if (!branch.startsWith(OURS)) return undefined;
    const macAt = branch.length - HEX_DIGITS;
    const loopAt = macAt - HEX_DIGITS - 1;
    const slotAt = branch.indexOf('.', OURS.length) + 1;
    const generationAt = branch.indexOf('.', slotAt) + 1;
    const hasParts = slotAt > 0 && generationAt > slotAt && loopAt > generationAt;
    if (!hasParts || branch.charCodeAt(macAt - 1) !== DOT || branch.charCodeAt(loopAt - 1) !== DOT) return undefined;
    const isOwn = branch.startsWith(this.#prefix);
    const member = isOwn ? this.#member : branch.slice(OURS.length, slotAt - 1);
    const isStateless = branch.charCodeAt(slotAt) === DASH && generationAt === slotAt + 2;
    const slot = isStateless ? STATELESS : parseBase36(branch, slotAt, generationAt - 1);
    const generation = parseBase36(branch, generationAt, loopAt - 1);
    const loopHash = parseHex8(branch, loopAt);
    if (generation < 0 || loopHash < 0 || (slot < 0 && !isStateless)) return undefined;
    if (parseHex8(branch, macAt) !== this.#seal(member, slot, generation, loopHash)) return undefined;
    return { member, slot, generation, loopHash };
  }

  isOwnMember(parts: BranchParts): boolean {
    return parts.member === this.#member;
  }

  #seal(member: string, slot: number, generation: number, loopHash: number): number {
    return this.#mac.begin().text(member).number(slot).number(generation).number(loopHash).finish();
  }
}

/** -1: not of lower-case digits in base 36, or too many. */
function parseBase36(text: string, start: number, end: number): number {
  if (end <= start || end - start > 8) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) value = value * 36 + (code - 0x30);
    else if (code >= 0x61 && code <= 0x7a) value = value * 36 + (code - 0x57);
    else return -1;
  }
  return value;
}
