import { isAt, isAtInAnyCase, isRange, numberAt, portEnd, valueEnd } from '../message/byte-ranges.ts';
import { isDigitCode, isHostCode, isTokenCode, isUserCode } from '../message/characters.ts';
import { HeaderId } from '../message/header-id.ts';
import { HeaderLines } from '../message/header-lines.ts';
import { messageLimits } from '../message/limits.ts';
import { nameEnd, PlainAddress } from '../message/plain-address.ts';
import { ViaPlaces } from '../message/via-places.ts';

const begin = Buffer.from('INVITE sip:', 'latin1');
const version = Buffer.from(' SIP/2.0\r\n', 'latin1');
const method = Buffer.from(' INVITE', 'latin1');
const udp = Buffer.from(';transport=udp', 'latin1');
const ob = Buffer.from(';ob', 'latin1');
const sdpType = Buffer.from('application/sdp', 'latin1');
const plainMaxBytes = 4_096;
const portMax = 65_535;
const uriStart = begin.length - 4;
const runsMax = 16;

const found = { via: 1, from: 2, to: 4, callId: 8, cseq: 16, contentLength: 32, maxForwards: 64, contact: 128 };
const whole = 255;

/** Those that a proxy does something about: without them nothing but the fields below decides the way of an INVITE. */
const notPlain: ReadonlySet<number> = new Set([
  HeaderId.Route,
  HeaderId.RecordRoute,
  HeaderId.ProxyRequire,
  HeaderId.ProxyAuthorization,
  HeaderId.PAssertedIdentity,
  HeaderId.MaxBreadth,
  HeaderId.Timestamp,
  HeaderId.ContentEncoding,
]);

/**
 * Where things are in an INVITE that begins a call, as most telephones send it by UDP straight to their server: no Route, one
 * Contact, nothing that asks the proxy for more. It is read in one pass over its bytes, without making anything. Whatever is not as
 * expected is not plain, and is left to `decodeMessage`: so this takes less than that, and never anything else. One for many, as it
 * holds the offsets of one message only.
 */
export class InvitePlaces {
  bytes: Buffer = begin;
  /** The Request-URI: `sip:user@host:port`, with `transport=udp` or without. */
  readonly uriStart = uriStart;
  uriEnd = 0;
  /** What is in it. */
  readonly requestUri = {
    userStart: begin.length,
    userEnd: 0,
    hostStart: 0,
    hostEnd: 0,
    /** 0: not said. */
    port: 0,
  };
  /** Where the first header line starts. */
  linesStart = 0;
  readonly topVia = new ViaPlaces();
  readonly from = new PlainAddress();
  readonly to = new PlainAddress();
  readonly contact = new PlainAddress();
  callIdStart = 0;
  callIdEnd = 0;
  cseq = 0;
  maxForwards = 0;
  /** The lines that are not forwarded as they are, or are copied into an answer: where each starts, and the next one. */
  viaStart = 0;
  viaNext = 0;
  maxForwardsStart = 0;
  maxForwardsNext = 0;
  /** The first line of a run that an answer has, and the next one behind it; see `runCount`. */
  readonly runs = new Int32Array(2 * runsMax);
  runCount = 0;
  /** Where the empty line is that ends the header. */
  headEnd = 0;
  bodyStart = 0;
  /** The body is a session description and nothing else. */
  hasSdp = false;
  readonly #belowVia = new ViaPlaces();
  readonly #lines = new HeaderLines();
  readonly #ownBranch: Uint8Array;
  #found = 0;
  #contentLength = 0;

  /** `ownBranch`: how branches of this server begin: an INVITE that was here before is not plain. */
  constructor(ownBranch: string) {
    this.#ownBranch = Buffer.from(ownBranch, 'latin1');
  }

  /** False: not plain. */
  read(bytes: Buffer): boolean {
    if (bytes.length > plainMaxBytes || !isAt(bytes, 0, begin)) return false;
    this.bytes = bytes;
    this.#found = this.runCount = 0;
    this.hasSdp = false;
    if (!this.#requestUri(bytes)) return false;
    const lines = this.#lines;
    lines.begin(this.linesStart);
    while (!lines.isAtEnd(bytes)) if (!lines.read(bytes) || !this.#line(bytes, lines)) return false;
    this.headEnd = lines.next;
    this.bodyStart = lines.next + 2;
    if (this.#contentLength === 0) this.hasSdp = false;
    return this.#found === whole && this.#contentLength === bytes.length - this.bodyStart;
  }

  #requestUri(bytes: Buffer): boolean {
    const uri = this.requestUri;
    let at = begin.length;
    // What has escapes names a user in another way.
    while (isUserCode(bytes[at]!) && bytes[at] !== 0x3a && bytes[at]! < 0x7f) at++;
    uri.userEnd = at;
    if (at === begin.length || bytes[at++] !== 0x40) return false;
    uri.hostStart = at;
    while (isHostCode(bytes[at]!)) at++;
    uri.hostEnd = at;
    if (at === uri.hostStart || (at = portEnd(bytes, at)) < 0) return false;
    uri.port = at > uri.hostEnd ? numberAt(bytes, uri.hostEnd + 1, at, portMax) : 0;
    if (isAtInAnyCase(bytes, at, udp)) at += udp.length;
    this.uriEnd = at;
    this.linesStart = at + version.length;
    return isAt(bytes, at, version);
  }

  #line(bytes: Buffer, lines: HeaderLines): boolean {
    const { id, valueStart: start, valueEnd: end } = lines;
    switch (id) {
      case HeaderId.Via:
        return this.#via(bytes, lines);
      case HeaderId.From:
        this.#found |= found.from;
        return this.#run(lines) && this.from.read(bytes, start, end) && this.from.hasTag;
      case HeaderId.To:
        this.#found |= found.to;
        return this.#run(lines) && this.to.read(bytes, start, end) && !this.to.hasTag;
      case HeaderId.CallId:
        this.callIdStart = start;
        this.callIdEnd = end;
        this.#found |= found.callId;
        return this.#run(lines) && end > start;
      case HeaderId.CSeq:
        this.#found |= found.cseq;
        return this.#run(lines) && this.#cseq(bytes, start, end);
      case HeaderId.Contact:
        return this.#contact(bytes, start, end);
      case HeaderId.ContentLength:
        this.#contentLength = numberAt(bytes, start, end, plainMaxBytes);
        this.#found |= found.contentLength;
        return true;
      case HeaderId.ContentType:
        this.hasSdp = isRange(bytes, start, end, sdpType);
        return true;
      case HeaderId.MaxForwards:
        this.maxForwards = numberAt(bytes, start, end, messageLimits.maxMaxForwards);
        this.maxForwardsStart = lines.start;
        this.maxForwardsNext = lines.next;
        this.#found |= found.maxForwards;
        return this.maxForwards > 0;
      default:
        return !notPlain.has(id);
    }
  }

  /** What the first one says of how the message came was not said by us, or not for us. */
  #via(bytes: Buffer, lines: HeaderLines): boolean {
    const isTop = (this.#found & found.via) === 0;
    const via = isTop ? this.topVia : this.#belowVia;
    if (!via.read(bytes, lines.valueStart, lines.valueEnd) || isAt(bytes, via.branchStart, this.#ownBranch))
      return false;
    this.#found |= found.via;
    if (!isTop) return this.#run(lines);
    this.viaStart = lines.start;
    this.viaNext = lines.next;
    return via.rport === 0 && via.receivedStart === 0 && this.#run(lines);
  }

  #cseq(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    while (isDigitCode(bytes[at]!)) at++;
    this.cseq = numberAt(bytes, start, at, messageLimits.maxCSeq);
    return this.cseq >= 0 && isRange(bytes, at, end, method);
  }

  /** `<sip:user@host:port;…>;…`, one, of a telephone that does not ask for its flow (RFC 5626 §5.3). */
  #contact(bytes: Buffer, start: number, end: number): boolean {
    if ((this.#found & found.contact) !== 0) return false;
    this.#found |= found.contact;
    const { contact } = this;
    let at = nameEnd(bytes, start, end);
    if (at < 0) return false;
    at = contact.readUri(bytes, at, end);
    if (at < 0 || hasOb(bytes, contact.hostEnd, contact.uriEnd)) return false;
    at++;
    while (at < end) if ((at = paramEnd(bytes, at, end)) < 0) return false;
    return at === end;
  }

  /** The line is one that answers have, too. */
  #run({ start, next }: HeaderLines): boolean {
    const { runs } = this;
    const last = 2 * this.runCount - 1;
    if (last > 0 && runs[last] === start && start !== this.viaNext) {
      runs[last] = next;
      return true;
    }
    if (this.runCount >= runsMax) return false;
    runs[last + 1] = start;
    runs[last + 2] = next;
    this.runCount++;
    return true;
  }
}

/** Where `;name=value` behind a URI ends; -1: not plain. */
function paramEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  while (isTokenCode(bytes[at]!)) at++;
  if (bytes[start] !== 0x3b || at === start + 1) return -1;
  if (bytes[at] !== 0x3d) return at;
  const valueStart = at + 1;
  at = valueEnd(bytes, valueStart, end);
  return at > valueStart ? at : -1;
}

/** Some parameter begins with `ob`. */
function hasOb(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isAtInAnyCase(bytes, at, ob)) return true;
  return false;
}
