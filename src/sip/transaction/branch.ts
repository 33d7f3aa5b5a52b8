import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import { hex8, parseHex8, type ShortMac } from './short-mac.ts';
import { WideHash } from './wide-hash.ts';

/** RFC 3261 §8.1.1.7. */
export const BRANCH_COOKIE = 'z9hG4bK';
/** What every branch of this farm begins with. */
const OURS = `${BRANCH_COOKIE}hf`;
/** `.<id>.<loop>.<mac>` */
const TAIL_LENGTH = 1 + 16 + 1 + 8 + 1 + 8;
const ID_AT = 1;
const LOOP_AT = 18;
const MAC_AT = 27;
const DOT = 0x2e;
const mostPrefixes = 256;
const memberPattern = /^[0-9a-z]{1,16}$/;

/** What tells one branch from all others: 64 bits. */
export interface BranchId {
  /** 32 bits, signed, as both halves are. */
  readonly high: number;
  readonly low: number;
}

/** A branch of ours, taken apart. */
export interface BranchParts extends BranchId {
  /** Which member looks after its transaction, as far as the one knew that made it. */
  readonly member: string;
  /** Of what the request's way depends on, as it came in (RFC 5393 §4.2.1). */
  readonly loopHash: number;
}

/** What the branches of one forwarded request have in common: 64 bits that tell it from all others, and the rest of them. */
export type BranchSeed = BranchParts;

/**
 * `z9hG4bKhf<member>.<id>.<loop>.<mac>`: a token, sixteen hex digits, and twice eight. Any member of the farm can tell
 * whose a response is, and a stranger who does not know the farm's key cannot make one up. The id is made of the request
 * that is forwarded (`seedOf`), so every member makes the same branch of the same request: who goes on with the work of
 * another sends retransmissions of what that one has sent.
 */
export class BranchCodec {
  /** No branch of this farm is without it. */
  readonly farmPrefix = OURS;
  readonly member: string;
  readonly #mac: ShortMac;
  readonly #hash: WideHash;
  readonly #prefixes = new Map<string, string>();
  #lastText = '';
  #last: BranchParts | undefined;

  constructor(member: string, mac: ShortMac) {
    if (!memberPattern.test(member)) throw new Error(`member token ${member}: want 1 to 16 of 0-9 a-z`);
    this.member = member;
    this.#mac = mac;
    this.#hash = new WideHash(mac.begin().text('branch').finish(), mac.finishMore());
  }

  encode(member: string, high: number, low: number, loopHash: number): string {
    const mac = this.#seal(member, high, low, loopHash);
    return `${this.#prefixOf(member)}${hex8(high)}${hex8(low)}.${hex8(loopHash)}.${hex8(mac)}`;
  }

  /** RFC 3261 §17.2.3: what tells one request from another. An INVITE, its CANCEL and the ACK for its refusal have the same. */
  seedOf(message: SipMessage, via: Via, member: string, loopHash: number): BranchSeed {
    const { branch = '', host, port = 0 } = via;
    const hash = this.#hash.begin().text(branch).text(host).number(port);
    hash.text(message.callId()).number(message.cseq().number);
    if (!via.hasUniqueBranch) {
      const fromTag = message.from().tag ?? '';
      hash.text(fromTag).text(message.requestUriText()).text(via.toString());
    }
    const { high, low } = hash.finish();
    return { member, high, low, loopHash };
  }

  /** Of the copy that goes to `target`, for the so manieth time. */
  idOf(seed: BranchSeed, target: string, attempt: number): BranchId {
    const { high, low } = this.#hash.begin().number(seed.high).number(seed.low).number(attempt).text(target).finish();
    return { high, low };
  }

  encodeFor(seed: BranchSeed, { high, low }: BranchId): string {
    return this.encode(seed.member, high, low, seed.loopHash);
  }

  /** Of this member, for a request of its own; the same for the same text. */
  encodeText(text: string): string {
    const { high, low } = this.#hash.begin().text('own').text(text).finish();
    return this.encode(this.member, high, low, 0);
  }

  /** undefined: not ours, or made up. */
  decode(branch: string): BranchParts | undefined {
    // Whose a message is, and which transaction's, are two questions about one branch.
    if (branch === this.#lastText) return this.#last;
    this.#last = this.#decode(branch);
    this.#lastText = branch;
    return this.#last;
  }

  isOwnMember(parts: BranchParts): boolean {
    return parts.member === this.member;
  }

  #decode(branch: string): BranchParts | undefined {
    const tailAt = branch.length - TAIL_LENGTH;
    if (tailAt <= OURS.length || tailAt > OURS.length + 16 || !branch.startsWith(OURS)) return undefined;
    const hasDots =
      branch.charCodeAt(tailAt) === DOT &&
      branch.charCodeAt(tailAt + LOOP_AT - 1) === DOT &&
      branch.charCodeAt(tailAt + MAC_AT - 1) === DOT;
    if (!hasDots) return undefined;
    const isOwn = tailAt - OURS.length === this.member.length && branch.startsWith(this.member, OURS.length);
    const member = isOwn ? this.member : branch.slice(OURS.length, tailAt);
    const high = parseHex8(branch, tailAt + ID_AT);
    const low = parseHex8(branch, tailAt + ID_AT + 8);
    const loopHash = parseHex8(branch, tailAt + LOOP_AT);
    if (high < 0 || low < 0 || loopHash < 0) return undefined;
    if (parseHex8(branch, tailAt + MAC_AT) !== this.#seal(member, high, low, loopHash)) return undefined;
    return { member, high: high | 0, low: low | 0, loopHash };
  }

  #prefixOf(member: string): string {
    let prefix = this.#prefixes.get(member);
    if (prefix === undefined) {
      if (this.#prefixes.size >= mostPrefixes) this.#prefixes.clear();
      prefix = `${OURS}${member}.`;
      this.#prefixes.set(member, prefix);
    }
    return prefix;
  }

  #seal(member: string, high: number, low: number, loopHash: number): number {
    return this.#mac.begin().text(member).number(high).number(low).number(loopHash).finish();
  }
}
