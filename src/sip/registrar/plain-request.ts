import { isAt, numberAt, portEnd } from '../message/byte-ranges.ts';
import { isDigitCode, isHostCode } from '../message/characters.ts';
import { HeaderId } from '../message/header-id.ts';
import { HeaderLines } from '../message/header-lines.ts';
import { ViaPlaces } from '../message/via-places.ts';
import { PlainAddress } from '../message/plain-address.ts';
import { PlainContact } from './plain-contact.ts';
import { PlainCredentials } from './plain-credentials.ts';

const version = Buffer.from(' SIP/2.0\r\n', 'latin1');
const transportParam = Buffer.from(';transport=', 'latin1');
const udp = Buffer.from('udp', 'latin1');
const outbound = Buffer.from('outbound', 'latin1');
const gruu = Buffer.from('gruu', 'latin1');
const plainMaxBytes = 2_048;
const maxCSeq = 2 ** 31 - 1;
const maxSeconds = 2 ** 31 - 1;
const nothing = Buffer.alloc(0);

/** Those that there may be one of: with two it is not plain. */
const once = { via: 1, contact: 2, userAgent: 4, authorization: 8, supported: 16 };

/** What a request is that is read. */
export interface PlainKind {
  /** Its first bytes, up to the host of its Request-URI. */
  readonly begin: Uint8Array;
  /** The end of its CSeq. */
  readonly method: Uint8Array;
  /** It is about an account, and makes a binding: To names a user, and there is a Contact. */
  readonly isRegister: boolean;
}

const kindOf = (method: string): PlainKind => ({
  begin: Buffer.from(`${method} sip:`, 'latin1'),
  method: Buffer.from(` ${method}`, 'latin1'),
  isRegister: method === 'REGISTER',
});

export const plainRegister: PlainKind = kindOf('REGISTER');
export const plainOptions: PlainKind = kindOf('OPTIONS');

/** Fields that change nothing about a REGISTER with one Contact, or OPTIONS: the rest is not plain. */
const harmless: ReadonlySet<number> = new Set([
  HeaderId.Unknown,
  HeaderId.MaxForwards,
  HeaderId.Allow,
  HeaderId.AllowEvents,
  HeaderId.Accept,
  HeaderId.AcceptEncoding,
  HeaderId.AcceptLanguage,
]);

/**
 * Where things are in a REGISTER as most telephones send it by UDP, one Via, one Contact, no body, nothing that asks for more; or
 * in OPTIONS that ask a server whether it lives. It is read in one pass over its bytes, without making anything. Whatever is not as
 * expected is not plain, and is left to `decodeMessage`: so this takes less than that, and never anything else.
 * One for many, as it holds the offsets of one message only.
 */
export class PlainRequest {
  readonly credentials = new PlainCredentials();
  readonly contact = new PlainContact();
  readonly via = new ViaPlaces();
  bytes: Buffer = nothing;
  /** Of the Request-URI, which is nothing else than that, a port, and `transport=udp`. */
  hostStart = 0;
  hostEnd = 0;
  /** 0: not said. */
  port = 0;
  fromStart = 0;
  fromEnd = 0;
  toStart = 0;
  toEnd = 0;
  toUserStart = 0;
  toUserEnd = 0;
  toHostStart = 0;
  toHostEnd = 0;
  callIdStart = 0;
  callIdEnd = 0;
  cseqStart = 0;
  cseqEnd = 0;
  cseq = 0;
  contactUriStart = 0;
  contactUriEnd = 0;
  contactHostStart = 0;
  contactHostEnd = 0;
  /** -1: not said. */
  expiresS = -1;
  userAgentStart = 0;
  userAgentEnd = 0;
  hasCredentials = false;
  /** It says that it supports GRUUs (RFC 5627); so that nothing hangs on how it does. */
  wantsGruu = false;
  #kind = plainRegister;
  #saysOutbound = false;
  #saysGruu = false;
  /** Which of `once` have been there. */
  #seen = 0;
  readonly #address = new PlainAddress();
  readonly #lines = new HeaderLines();

  /** False: not plain. */
  read(bytes: Buffer, kind: PlainKind): boolean {
    const end = bytes.length;
    if (end > plainMaxBytes || end < 200 || !isAt(bytes, 0, kind.begin)) return false;
    this.bytes = bytes;
    this.#kind = kind;
    this.#reset();
    const at = this.#requestUri(bytes, kind.begin.length);
    if (at < 0 || !isAt(bytes, at, version)) return false;
    const lines = this.#lines;
    lines.begin(at + version.length);
    while (!lines.isAtEnd(bytes)) {
      if (!lines.read(bytes) || !this.#value(bytes, lines.id, lines.start, lines.valueStart, lines.valueEnd))
        return false;
    }
    if (lines.next + 2 !== bytes.length) return false;
    const isWhole =
      (this.#seen & once.via) !== 0 && this.fromEnd > 0 && this.toEnd > 0 && this.callIdEnd > 0 && this.cseqEnd > 0;
    return isWhole && (!kind.isRegister || this.#isOfOneContact());
  }

  #isOfOneContact(): boolean {
    const { contact } = this;
    if (this.contactUriEnd === 0) return false;
    if (contact.expiresS >= 0) this.expiresS = contact.expiresS;
    // RFC 5626 knows such a telephone by its flow; RFC 5627 has to be told apart from what only looks like it.
    if (contact.hasRegId && this.#saysOutbound) return false;
    return contact.instanceEnd === 0 || !this.#saysGruu || this.wantsGruu;
  }

  #reset(): void {
    this.fromEnd = this.toEnd = this.callIdEnd = this.cseqEnd = this.contactUriEnd = 0;
    this.userAgentStart = this.userAgentEnd = 0;
    this.expiresS = -1;
    this.hasCredentials = this.wantsGruu = this.#saysOutbound = this.#saysGruu = false;
    this.#seen = 0;
    this.contact.reset();
  }

  /** Where it ends; -1: not plain. */
  #requestUri(bytes: Buffer, start: number): number {
    let at = (this.hostStart = start);
    while (isHostCode(bytes[at]!)) at++;
    this.hostEnd = at;
    this.port = 0;
    if (at === start) return -1;
    const hostEnd = at;
    if ((at = portEnd(bytes, at)) < 0) return -1;
    if (at > hostEnd) this.port = numberAt(bytes, hostEnd + 1, at, 65_535);
    if (bytes[at] !== 0x3b) return at;
    at += transportParam.length;
    return isAt(bytes, at - transportParam.length, transportParam) && isWord(bytes, at, bytes.length, udp)
      ? at + udp.length
      : -1;
  }

  #value(bytes: Buffer, id: number, lineStart: number, start: number, end: number): boolean {
    switch (id) {
      case HeaderId.Via:
        return this.#readVia(bytes, start, end);
      case HeaderId.From:
        this.fromStart = lineStart;
        this.fromEnd = end;
        return this.#address.read(bytes, start, end);
      case HeaderId.To:
        return this.#to(bytes, lineStart, start, end);
      case HeaderId.CallId:
        this.callIdStart = start;
        this.callIdEnd = end;
        return end > start;
      case HeaderId.CSeq:
        return this.#cseq(bytes, start, end);
      case HeaderId.Contact:
        return this.#once(once.contact) && this.#contact(bytes, start, end);
      case HeaderId.Supported:
        return this.#supported(bytes, start, end);
      case HeaderId.Expires:
        this.expiresS = numberAt(bytes, start, end, maxSeconds);
        return this.expiresS >= 0;
      case HeaderId.UserAgent:
        this.userAgentStart = start;
        this.userAgentEnd = end;
        return this.#once(once.userAgent);
      case HeaderId.Authorization:
        this.hasCredentials = true;
        return this.#once(once.authorization) && this.credentials.read(bytes, start, end);
      case HeaderId.ContentLength:
        return end === start + 1 && bytes[start] === 0x30;
      default:
        return harmless.has(id);
    }
  }

  #once(bit: number): boolean {
    const isFirst = (this.#seen & bit) === 0;
    this.#seen |= bit;
    return isFirst;
  }

  /** What it says of how it came was not said by us: that is not plain. */
  #readVia(bytes: Buffer, start: number, end: number): boolean {
    const { via } = this;
    return this.#once(once.via) && via.read(bytes, start, end) && via.rport === 0 && via.receivedStart === 0;
  }

  #to(bytes: Buffer, lineStart: number, start: number, end: number): boolean {
    const address = this.#address;
    if (!address.read(bytes, start, end) || address.hasTag) return false;
    if (this.#kind.isRegister && address.userEnd === address.userStart) return false;
    this.toStart = lineStart;
    this.toEnd = end;
    this.toUserStart = address.userStart;
    this.toUserEnd = address.userEnd;
    this.toHostStart = address.hostStart;
    this.toHostEnd = address.hostEnd;
    return true;
  }

  #cseq(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    while (isDigitCode(bytes[at]!)) at++;
    this.cseq = numberAt(bytes, start, at, maxCSeq);
    this.cseqStart = start;
    this.cseqEnd = end;
    const { method } = this.#kind;
    return this.cseq >= 0 && at + method.length === end && isAt(bytes, at, method);
  }

  #contact(bytes: Buffer, start: number, end: number): boolean {
    const address = this.#address;
    const uriEnd = address.readUri(bytes, start, end);
    if (uriEnd < 0) return false;
    this.contactUriStart = start + 1;
    this.contactUriEnd = uriEnd;
    this.contactHostStart = address.hostStart;
    this.contactHostEnd = address.hostEnd;
    return this.contact.read(bytes, uriEnd + 1, end);
  }

  /** What telephones say of themselves; of it, only these two change what is answered. */
  #supported(bytes: Buffer, start: number, end: number): boolean {
    const isFirst = this.#once(once.supported);
    for (let at = start; at < end; at++) {
      if (bytes[at] === 0x22) return false;
      const letter = bytes[at]! | 0x20;
      if (letter === 0x6f && isWord(bytes, at, end, outbound)) this.#saysOutbound = true;
      if (letter !== 0x67 || !isWord(bytes, at, end, gruu)) continue;
      this.wantsGruu = isFirst && !this.#saysGruu && isElement(bytes, at, start, end, gruu);
      this.#saysGruu = true;
    }
    return true;
  }
}

/** `word` stands at `at`, in any case. */
function isWord(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if ((bytes[at + i]! | 0x20) !== word[i]) return false;
  return true;
}

/** It stands there as it is written, as an element of a list of its own. */
function isElement(bytes: Uint8Array, at: number, start: number, end: number, word: Uint8Array): boolean {
  if (!isAt(bytes, at, word)) return false;
  let before = at - 1;
  while (before >= start && bytes[before] === 0x20) before--;
  let after = at + word.length;
  while (after < end && bytes[after] === 0x20) after++;
  return (before < start || bytes[before] === 0x2c) && (after >= end || bytes[after] === 0x2c);
}
