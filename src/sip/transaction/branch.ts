import { isText } from '../message/byte-ranges.ts';
import { hex8At, parseHex8, writeHex8 } from '../message/hex8.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { ViaPlaces } from '../message/via-places.ts';
import type { Via } from '../message/via.ts';
import type { ShortMac } from './short-mac.ts';
import { WideHash } from './wide-hash.ts';

/** RFC 3261 §8.1.1.7. */
export const BRANCH_COOKIE = 'z9hG4bK';
/** What every branch of this farm begins with. */
const OURS = `${BRANCH_COOKIE}hf.`;
/** `<id>.<loop>.<mac>` */
const TAIL_LENGTH = 16 + 1 + 8 + 1 + 8;
const LOOP_AT = OURS.length + 17;
const MAC_AT = LOOP_AT + 9;
const DOT = 0x2e;
const memberPattern = /^[0-9a-z]{1,16}$/;

/** What tells one branch from all others: 64 bits. */
export interface BranchId {
  /** 32 bits, signed, as both halves are. */
  readonly high: number;
  readonly low: number;
}

/** A branch of ours, taken apart. */
export interface BranchParts extends BranchId {
  /** Of what the request's way depends on, as it came in (RFC 5393 §4.2.1). */
  readonly loopHash: number;
}

/** What the branches of one forwarded request have in common: 64 bits that tell it from all others, and the rest of them. */
export type BranchSeed = BranchParts;

/** Of a request that is read from its bytes: what its branches are made of. */
export interface RequestPlaces {
  readonly bytes: Uint8Array;
  readonly topVia: ViaPlaces;
  readonly callIdStart: number;
  readonly callIdEnd: number;
  readonly cseq: number;
}

/** The parameter of our Via beside the branch: which member waits for the response. Absent: nobody, any member passes it on. */
export const VIA_MEMBER = 'hf';

/**
 * `z9hG4bKhf.<id>.<loop>.<mac>`: sixteen hex digits, and twice eight. A stranger who does not know the farm's key cannot make
 * one up. The id is made of the request that is forwarded (`seedOf`), so every member makes the same branch of the same
 * request: who goes on with the work of another sends retransmissions of what that one has sent. Which member waits for the
 * response is said beside it, in a parameter of the Via, which does not count when transactions are told apart.
 */
export class BranchCodec {
  /** No branch of this farm is without it. */
  readonly farmPrefix = OURS;
  readonly member: string;
  readonly #mac: ShortMac;
  readonly #hash: WideHash;
  /** For the text of a branch: made of its bytes it is one piece, while what is put together of texts keeps them all. */
  readonly #bytes = Buffer.from(`${OURS}${'0'.repeat(16)}.${'0'.repeat(8)}.${'0'.repeat(8)}`, 'latin1');
  #lastText = '';
  #last: BranchParts | undefined;

  constructor(member: string, mac: ShortMac) {
    if (!memberPattern.test(member)) throw new Error(`member token ${member}: want 1 to 16 of 0-9 a-z`);
    this.member = member;
    this.#mac = mac;
    this.#hash = new WideHash(mac.begin().text('branch').finish(), mac.finishMore());
  }

  encode(high: number, low: number, loopHash: number): string {
    return this.#write(high, low, loopHash).toString('latin1');
  }

  #write(high: number, low: number, loopHash: number): Buffer {
    const bytes = this.#bytes;
    writeHex8(high, bytes, OURS.length);
    writeHex8(low, bytes, OURS.length + 8);
    writeHex8(loopHash, bytes, LOOP_AT);
    writeHex8(this.#seal(high, low, loopHash), bytes, MAC_AT);
    return bytes;
  }

  /** What our Via says behind the sent-by. */
  viaParams(branch: string): string {
    return `branch=${branch};${VIA_MEMBER}=${this.member}`;
  }

  /** RFC 3261 §17.2.3: what tells one request from another. An INVITE, its CANCEL and the ACK for its refusal have the same. */
  seedOf(message: SipMessage, via: Via, loopHash: number): BranchSeed {
    const { branch = '', host, port = 0 } = via;
    const hash = this.#hash.begin().text(branch).text(host).number(port);
    hash.text(message.callId()).number(message.cseq().number);
    if (!via.hasUniqueBranch) {
      const fromTag = message.from().tag ?? '';
      hash.text(fromTag).text(message.requestUriText()).text(via.toString());
    }
    const { high, low } = hash.finish();
    return { high, low, loopHash };
  }

  /** Of the copy that goes to `target`, for the so manieth time. */
  idOf(seed: BranchSeed, target: string, attempt: number): BranchId {
    const { high, low } = this.#hash.begin().number(seed.high).number(seed.low).number(attempt).text(target).finish();
    return { high, low };
  }

  /**
   * Of the first copy of a request that is read from its bytes, with a sent-by in lower case: what `encodeFor` makes of it.
   * The text is here until the next one is made.
   */
  bytesOf(places: RequestPlaces, loopHash: number): Uint8Array {
    const { high, low } = this.#seedAt(places);
    const id = this.#hash.begin().number(high).number(low).number(0).text('').finish();
    return this.#write(id.high, id.low, loopHash);
  }

  /** As `seedOf`, of a request that is read from its bytes, with a unique branch and a sent-by in lower case. */
  seedAt(places: RequestPlaces, loopHash: number): BranchSeed {
    const { high, low } = this.#seedAt(places);
    return { high, low, loopHash };
  }

  #seedAt({ bytes, topVia, callIdStart, callIdEnd, cseq }: RequestPlaces): WideHash {
    const { branchStart, branchEnd, hostStart, hostEnd, port } = topVia;
    const hash = this.#hash.begin().bytes(bytes, branchStart, branchEnd).bytes(bytes, hostStart, hostEnd).number(port);
    return hash.bytes(bytes, callIdStart, callIdEnd).number(cseq).finish();
  }

  encodeFor(seed: BranchSeed, { high, low }: BranchId): string {
    return this.encode(high, low, seed.loopHash);
  }

  /** For a request of our own; the same for the same text. */
  encodeText(text: string): string {
    const { high, low } = this.#hash.begin().text('own').text(text).finish();
    return this.encode(high, low, 0);
  }

  /** undefined: not ours, or made up. */
  decode(branch: string): BranchParts | undefined {
    // Whose a message is, and which transaction's, are two questions about one branch.
    if (branch === this.#lastText) return this.#last;
    this.#last = this.#decode(branch);
    this.#lastText = branch;
    return this.#last;
  }

  #decode(branch: string): BranchParts | undefined {
    if (branch.length !== OURS.length + TAIL_LENGTH || !branch.startsWith(OURS)) return undefined;
    if (branch.charCodeAt(LOOP_AT - 1) !== DOT || branch.charCodeAt(MAC_AT - 1) !== DOT) return undefined;
    const high = parseHex8(branch, OURS.length);
    const low = parseHex8(branch, OURS.length + 8);
    const loopHash = parseHex8(branch, LOOP_AT);
    if (high < 0 || low < 0 || loopHash < 0) return undefined;
    if (parseHex8(branch, MAC_AT) !== this.#seal(high, low, loopHash)) return undefined;
    return { high: high | 0, low: low | 0, loopHash };
  }

  /** As `decode`, of text that stands in `bytes`. */
  decodeAt(bytes: Uint8Array, start: number, end: number): BranchParts | undefined {
    if (end - start !== OURS.length + TAIL_LENGTH || !isText(bytes, start, start + OURS.length, OURS)) return undefined;
    if (bytes[start + LOOP_AT - 1] !== DOT || bytes[start + MAC_AT - 1] !== DOT) return undefined;
    const high = hex8At(bytes, start + OURS.length);
    const low = hex8At(bytes, start + OURS.length + 8);
    const loopHash = hex8At(bytes, start + LOOP_AT);
    if (high < 0 || low < 0 || loopHash < 0) return undefined;
    if (hex8At(bytes, start + MAC_AT) !== this.#seal(high, low, loopHash)) return undefined;
    return { high: high | 0, low: low | 0, loopHash };
  }

  #seal(high: number, low: number, loopHash: number): number {
    return this.#mac.begin().number(high).number(low).number(loopHash).finish();
  }
}
