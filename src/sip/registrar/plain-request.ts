import { isAt, numberAt } from '../message/byte-ranges.ts';
import {
  isDigitCode,
  isHostCode,
  isParamValueCode,
  isTokenCode,
  isUriCode,
  isUserCode,
} from '../message/characters.ts';
import { HeaderId, SINGLE_MAX } from '../message/header-id.ts';
import { headerIdAt, nameHash, nameHashSeed } from '../message/header-names.ts';
import { PlainContact } from './plain-contact.ts';
import { PlainCredentials } from './plain-credentials.ts';

const version = Buffer.from(' SIP/2.0\r\n', 'latin1');
const transportParam = Buffer.from(';transport=', 'latin1');
const udp = Buffer.from('udp', 'latin1');
const sipScheme = Buffer.from('sip:', 'latin1');
const protocol = Buffer.from('SIP/2.0/UDP ', 'latin1');
const tag = Buffer.from('tag', 'latin1');
const branch = Buffer.from('branch', 'latin1');
const rport = Buffer.from('rport', 'latin1');
const outbound = Buffer.from('outbound', 'latin1');
const gruu = Buffer.from('gruu', 'latin1');
const plainMaxBytes = 2_048;
const plainMaxFields = 48;
const maxCSeq = 2 ** 31 - 1;
const maxSeconds = 2 ** 31 - 1;
const shortestBranch = 8;
const nothing = Buffer.alloc(0);

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
  bytes: Buffer = nothing;
  /** Of the Request-URI, which is nothing else than that, a port, and `transport=udp`. */
  hostStart = 0;
  hostEnd = 0;
  /** 0: not said. */
  port = 0;
  /** `SIP/2.0/UDP host:port` */
  viaStart = 0;
  viaHostStart = 0;
  viaHostEnd = 0;
  /** 0: not said. */
  viaPort = 0;
  viaParamsStart = 0;
  viaEnd = 0;
  /** Where the parameter `rport` begins, with its `;`; 0: it is not there. */
  rportStart = 0;
  branchStart = 0;
  branchEnd = 0;
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
  #seen = 0;
  #seenMore = 0;
  /** Of the addr-spec that was read last. */
  #userStart = 0;
  #userEnd = 0;
  #hostStart = 0;
  #hostEnd = 0;
  #hasTag = false;

  /** False: not plain. */
  read(bytes: Buffer, kind: PlainKind): boolean {
    const end = bytes.length;
    if (end > plainMaxBytes || end < 200 || !isAt(bytes, 0, kind.begin)) return false;
    this.bytes = bytes;
    this.#kind = kind;
    this.#reset();
    let at = this.#requestUri(bytes, kind.begin.length);
    if (at < 0 || !isAt(bytes, at, version)) return false;
    at += version.length;
    for (let fields = 0; bytes[at] !== 0x0d; fields++) {
      at = fields < plainMaxFields ? this.#field(bytes, at, end) : -1;
      if (at < 0) return false;
    }
    if (at + 2 !== end || bytes[at + 1] !== 0x0a) return false;
    const isWhole = this.viaEnd > 0 && this.fromEnd > 0 && this.toEnd > 0 && this.callIdEnd > 0 && this.cseqEnd > 0;
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
    this.viaEnd = this.fromEnd = this.toEnd = this.callIdEnd = this.cseqEnd = this.contactUriEnd = 0;
    this.userAgentStart = this.userAgentEnd = 0;
    this.expiresS = -1;
    this.hasCredentials = this.wantsGruu = this.#saysOutbound = this.#saysGruu = false;
    this.#seen = this.#seenMore = 0;
    this.contact.reset();
  }

  /** Where it ends; -1: not plain. */
  #requestUri(bytes: Buffer, start: number): number {
    let at = (this.hostStart = start);
    while (isHostCode(bytes[at]!)) at++;
    this.hostEnd = at;
    this.port = 0;
    if (at === start) return -1;
    if (bytes[at] === 0x3a) {
      const portStart = ++at;
      while (isDigitCode(bytes[at]!)) at++;
      this.port = numberAt(bytes, portStart, at, 65_535);
      if (this.port < 1) return -1;
    }
    if (bytes[at] !== 0x3b) return at;
    at += transportParam.length;
    return isAt(bytes, at - transportParam.length, transportParam) && isWord(bytes, at, bytes.length, udp)
      ? at + udp.length
      : -1;
  }

  /** Where the next line starts; -1: not plain. */
  #field(bytes: Buffer, start: number, end: number): number {
    let at = start;
    let hash = nameHashSeed;
    let byte = bytes[at]!;
    while (isTokenCode(byte)) {
      hash = nameHash(hash, byte);
      byte = bytes[++at]!;
    }
    if (byte !== 0x3a || at === start) return -1;
    const id = headerIdAt(bytes, start, at, hash);
    at++;
    while (bytes[at] === 0x20) at++;
    const valueStart = at;
    while (at < end && (byte = bytes[at]!) !== 0x0d) {
      if (byte < 0x20) return -1;
      at++;
    }
    const next = at + 2;
    if (next >= end || bytes[at + 1] !== 0x0a || bytes[next] === 0x20 || bytes[next] === 0x09) return -1;
    if (at > valueStart && bytes[at - 1] === 0x20) return -1;
    if (id > 0 && id <= SINGLE_MAX) {
      if ((this.#seen & (1 << id)) !== 0) return -1;
      this.#seen |= 1 << id;
    }
    return this.#value(bytes, id, start, valueStart, at) ? next : -1;
  }

  #value(bytes: Buffer, id: number, lineStart: number, start: number, end: number): boolean {
    switch (id) {
      case HeaderId.Via:
        return this.#once(1) && this.#via(bytes, start, end);
      case HeaderId.From:
        this.fromStart = lineStart;
        this.fromEnd = end;
        return this.#address(bytes, start, end);
      case HeaderId.To:
        return this.#to(bytes, lineStart, start, end);
      case HeaderId.CallId:
        this.callIdStart = start;
        this.callIdEnd = end;
        return end > start;
      case HeaderId.CSeq:
        return this.#cseq(bytes, start, end);
      case HeaderId.Contact:
        return this.#once(2) && this.#contact(bytes, start, end);
      case HeaderId.Supported:
        return this.#supported(bytes, start, end);
      case HeaderId.Expires:
        this.expiresS = numberAt(bytes, start, end, maxSeconds);
        return this.expiresS >= 0;
      case HeaderId.UserAgent:
        this.userAgentStart = start;
        this.userAgentEnd = end;
        return this.#once(4);
      case HeaderId.Authorization:
        this.hasCredentials = true;
        return this.#once(8) && this.credentials.read(bytes, start, end);
      case HeaderId.ContentLength:
        return end === start + 1 && bytes[start] === 0x30;
      default:
        return harmless.has(id);
    }
  }

  #once(bit: number): boolean {
    const isFirst = (this.#seenMore & bit) === 0;
    this.#seenMore |= bit;
    return isFirst;
  }

  #via(bytes: Buffer, start: number, end: number): boolean {
    if (!isAt(bytes, start, protocol)) return false;
    this.viaStart = start;
    let at = (this.viaHostStart = start + protocol.length);
    while (isHostCode(bytes[at]!)) at++;
    this.viaHostEnd = at;
    this.viaPort = 0;
    if (at === this.viaHostStart) return false;
    if (bytes[at] === 0x3a) {
      const portStart = ++at;
      while (isDigitCode(bytes[at]!)) at++;
      this.viaPort = numberAt(bytes, portStart, at, 65_535);
      if (this.viaPort < 1) return false;
    }
    this.viaParamsStart = at;
    this.viaEnd = end;
    this.rportStart = this.branchStart = this.branchEnd = 0;
    while (at < end) {
      const paramStart = at;
      if (bytes[at] !== 0x3b) return false;
      const nameStart = ++at;
      while (isTokenCode(bytes[at]!)) at++;
      const nameEnd = at;
      if (nameEnd === nameStart) return false;
      if (bytes[at] === 0x3d) {
        const valueStart = ++at;
        while (at < end && isParamValueCode(bytes[at]!)) at++;
        if (at === valueStart) return false;
        if (nameEnd - nameStart !== branch.length || !isAt(bytes, nameStart, branch) || this.branchEnd !== 0)
          return false;
        this.branchStart = valueStart;
        this.branchEnd = at;
      } else {
        if (nameEnd - nameStart !== rport.length || !isAt(bytes, nameStart, rport) || this.rportStart !== 0)
          return false;
        this.rportStart = paramStart;
      }
    }
    return this.branchEnd - this.branchStart >= shortestBranch;
  }

  #to(bytes: Buffer, lineStart: number, start: number, end: number): boolean {
    if (!this.#address(bytes, start, end) || this.#hasTag) return false;
    if (this.#kind.isRegister && this.#userEnd === this.#userStart) return false;
    this.toStart = lineStart;
    this.toEnd = end;
    this.toUserStart = this.#userStart;
    this.toUserEnd = this.#userEnd;
    this.toHostStart = this.#hostStart;
    this.toHostEnd = this.#hostEnd;
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

  /** `"name" <sip:user@host:port;…>;tag=…`, without anything but a tag behind it. */
  #address(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    if (bytes[at] === 0x22) {
      at++;
      while (at < end && bytes[at] !== 0x22) {
        if (bytes[at] === 0x5c) return false;
        at++;
      }
      at++;
      while (bytes[at] === 0x20) at++;
    } else while (isTokenCode(bytes[at]!) || bytes[at] === 0x20) at++;
    if (bytes[at] !== 0x3c || !this.#uri(bytes, ++at, end)) return false;
    at = this.#hostEnd;
    if (bytes[at] === 0x3a) {
      const portStart = ++at;
      while (isDigitCode(bytes[at]!)) at++;
      if (numberAt(bytes, portStart, at, 65_535) < 1) return false;
    }
    at = plainParamsEnd(bytes, at, end);
    if (at < 0 || bytes[at++] !== 0x3e) return false;
    this.#hasTag = at < end;
    if (at >= end) return at === end;
    if (bytes[at++] !== 0x3b || !isAt(bytes, at, tag) || bytes[at + tag.length] !== 0x3d) return false;
    at += tag.length + 1;
    const tagStart = at;
    while (at < end && isTokenCode(bytes[at]!)) at++;
    return at === end && at > tagStart;
  }

  /** `sip:user@host`, the user without escapes and password; or `sip:host`. */
  #uri(bytes: Buffer, start: number, end: number): boolean {
    if (!isAt(bytes, start, sipScheme)) return false;
    let at = start + sipScheme.length;
    this.#userStart = at;
    let last = at;
    while (last < end && bytes[last] !== 0x40 && bytes[last] !== 0x3e) last++;
    if (bytes[last] === 0x3e) {
      this.#userEnd = at;
      return this.#host(bytes, at);
    }
    while (at < end && bytes[at] !== 0x40) {
      const byte = bytes[at]!;
      if (byte === 0x3a || byte > 0x7e || !isUserCode(byte)) return false;
      at++;
    }
    this.#userEnd = at;
    return at > this.#userStart && at < end && this.#host(bytes, at + 1);
  }

  #host(bytes: Buffer, start: number): boolean {
    let at = (this.#hostStart = start);
    while (isHostCode(bytes[at]!)) at++;
    this.#hostEnd = at;
    return at > start;
  }

  #contact(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== 0x3c || !this.#uri(bytes, start + 1, end)) return false;
    this.contactUriStart = start + 1;
    this.contactHostStart = this.#hostStart;
    let at = (this.contactHostEnd = this.#hostEnd);
    if (bytes[at] === 0x3a) {
      const portStart = ++at;
      while (isDigitCode(bytes[at]!)) at++;
      if (numberAt(bytes, portStart, at, 65_535) < 1) return false;
    }
    at = plainParamsEnd(bytes, at, end);
    if (at < 0 || bytes[at] !== 0x3e) return false;
    this.contactUriEnd = at++;
    return this.contact.read(bytes, at, end);
  }

  /** What telephones say of themselves; of it, only these two change what is answered. */
  #supported(bytes: Buffer, start: number, end: number): boolean {
    const isFirst = this.#once(16);
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

/** Where `;name=value` parameters of a URI end; -1: other ones. */
function plainParamsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === 0x3b) {
    const nameStart = ++at;
    while (isTokenCode(bytes[at]!)) at++;
    if (at === nameStart) return -1;
    if (bytes[at] !== 0x3d) continue;
    at++;
    const valueStart = at;
    while (
      at < end &&
      isParamValueCode(bytes[at]!) &&
      isUriCode(bytes[at]!) &&
      bytes[at] !== 0x3f &&
      bytes[at] !== 0x40
    )
      at++;
    if (at === valueStart) return -1;
  }
  return at;
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
