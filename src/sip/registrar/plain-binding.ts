import { fourAt, twoAt, type TextPacker } from '../accounts/packed-text.ts';
import type { Hop } from '../transport/hop.ts';
import { transportNames } from '../transport/transport-name.ts';
import { bindingFlags, countOf, type PackedBindings } from './packed-bindings.ts';
import type { PlainRequest } from './plain-request.ts';

const FLAGS = 6;
const EXPIRES = 7;
const GRANTED = 11;
const KEPT = 15;
const CSEQ = 19;
const QUALITY = 23;
const PORT = 25;
const SOCKET = 27;
const MEMBER = 31;
const fullQuality = 1000;
const udpFlow = bindingFlags.hasFlow | (transportNames.indexOf('udp') << bindingFlags.transportShift);

/**
 * The only binding of an account, as a plain request makes one: by UDP, without path. Read where it is
 * kept. One for many, as it holds the offsets of one only.
 */
export class PlainBinding {
  #packed: PackedBindings = '';
  #addressAt = 0;
  #uriAt = 0;
  #callIdAt = 0;
  #agentAt = 0;
  #paramsAt = 0;
  #instanceAt = 0;

  /** False: it is none, or not the only one. */
  read(packed: PackedBindings): boolean {
    this.#packed = packed;
    // One, and not `WIDE`.
    if (twoAt(packed, 0) !== 1 || countOf(packed) !== 1) return false;
    if ((packed.charCodeAt(FLAGS) & ~bindingFlags.isBehindNat) !== udpFlow || twoAt(packed, QUALITY) !== fullQuality) {
      return false;
    }
    this.#addressAt = after(packed, MEMBER);
    this.#uriAt = after(packed, this.#addressAt);
    this.#callIdAt = after(packed, this.#uriAt);
    this.#agentAt = after(packed, this.#callIdAt);
    this.#paramsAt = after(packed, this.#agentAt);
    this.#instanceAt = after(packed, this.#paramsAt);
    return true;
  }

  get expiresAtS(): number {
    return fourAt(this.#packed, EXPIRES);
  }

  get grantedS(): number {
    return fourAt(this.#packed, GRANTED);
  }

  get keptUntilS(): number {
    return fourAt(this.#packed, KEPT);
  }

  get cseq(): number {
    return fourAt(this.#packed, CSEQ);
  }

  get isBehindNat(): boolean {
    return (this.#packed.charCodeAt(FLAGS) & bindingFlags.isBehindNat) !== 0;
  }

  hasUriOf({ bytes, contactUriStart, contactUriEnd }: PlainRequest): boolean {
    return this.#isAt(this.#uriAt, bytes, contactUriStart, contactUriEnd);
  }

  /** What stands behind the URI. */
  hasContactOf({ bytes, contact }: PlainRequest): boolean {
    const { paramsStart, paramsEnd, instanceStart, instanceEnd } = contact;
    return (
      this.#isAt(this.#paramsAt, bytes, paramsStart, paramsEnd) &&
      this.#isAt(this.#instanceAt, bytes, instanceStart, instanceEnd)
    );
  }

  hasCallIdOf({ bytes, callIdStart, callIdEnd }: PlainRequest): boolean {
    return this.#isAt(this.#callIdAt, bytes, callIdStart, callIdEnd);
  }

  hasAgentOf({ bytes, userAgentStart }: PlainRequest, userAgentEnd: number): boolean {
    return this.#isAt(this.#agentAt, bytes, userAgentStart, userAgentEnd);
  }

  isOfMember(member: string): boolean {
    return this.#isText(MEMBER, member);
  }

  /** It came by the very same way. */
  isBy({ remoteAddress, remotePort, socketId }: Hop): boolean {
    const packed = this.#packed;
    if (twoAt(packed, PORT) !== remotePort || fourAt(packed, SOCKET) !== socketId) return false;
    return this.#isText(this.#addressAt, remoteAddress);
  }

  isFrom({ remoteAddress }: Hop): boolean {
    return this.#isText(this.#addressAt, remoteAddress);
  }

  /** The same with other times, from another place, by another request. */
  refreshed(
    out: TextPacker,
    request: PlainRequest,
    hop: Hop,
    member: string,
    expiresAtS: number,
    grantedS: number,
  ): PackedBindings {
    const packed = this.#packed;
    const { bytes, callIdStart, callIdEnd } = request;
    out.begin();
    out.two(1);
    out.four(expiresAtS);
    out.byte(packed.charCodeAt(FLAGS));
    out.four(expiresAtS);
    out.four(grantedS);
    out.four(this.keptUntilS);
    out.four(request.cseq);
    out.two(fullQuality);
    out.two(hop.remotePort);
    out.four(hop.socketId);
    out.text(member);
    out.text(hop.remoteAddress);
    out.part(packed, this.#uriAt, this.#callIdAt);
    out.two(callIdEnd - callIdStart);
    out.bytes(bytes, callIdStart, callIdEnd);
    out.part(packed, this.#agentAt, packed.length);
    return out.finish();
  }

  #isAt(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const packed = this.#packed;
    if (twoAt(packed, at) !== end - start) return false;
    const from = at + 2 - start;
    for (let i = start; i < end; i++) if (packed.charCodeAt(from + i) !== bytes[i]) return false;
    return true;
  }

  #isText(at: number, text: string): boolean {
    const packed = this.#packed;
    if (twoAt(packed, at) !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (packed.charCodeAt(at + 2 + i) !== text.charCodeAt(i)) return false;
    return true;
  }
}

/** Where what follows the text at `at` is. */
const after = (packed: PackedBindings, at: number): number => at + 2 + twoAt(packed, at);
