import { isAt, isAtInAnyCase, isRange, numberAt, portEnd } from './byte-ranges.ts';
import { isDigitCode, isHostCode, isSchemeCode, isTokenCode, isUriCode, isUserCode } from './characters.ts';
import { HeaderId } from './header-id.ts';
import { HeaderLines } from './header-lines.ts';
import { messageLimits } from './limits.ts';
import { ViaPlaces } from './via-places.ts';

const ack = Buffer.from('ACK sip:', 'latin1');
const bye = Buffer.from('BYE sip:', 'latin1');
const version = Buffer.from(' SIP/2.0\r\n', 'latin1');
const begin = Buffer.from('SIP/2.0 ', 'latin1');
const ackMethod = Buffer.from(' ACK', 'latin1');
const byeMethod = Buffer.from(' BYE', 'latin1');
const udp = Buffer.from(';transport=udp', 'latin1');
const route = Buffer.from('<sip:', 'latin1');
const loose = Buffer.from(';lr;hf=', 'latin1');
const tag = Buffer.from(';tag=', 'latin1');
const plainMaxBytes = 4_096;
const headerEnd = Buffer.from('\r\n\r\n', 'latin1');
const portMax = 65_535;
const usualPort = 5_060;
const statusEnd = begin.length + 3;

/** Numbers for each line in `changes`: what it is, where it and its value start, where the value ends, and the next line. */
export const CHANGE_STRIDE = 5;
export const Change = { Via: 0, MaxForwards: 1, Route: 2 } as const;
type Change = (typeof Change)[keyof typeof Change];
/** Numbers for each element in `routes`: start and end of the host, port or 0, start and end of what `hf` says. */
export const ROUTE_STRIDE = 5;
const linesMax = 8;
const routesMax = 4;

/**
 * Where things are in an ACK or BYE in a dialog of ours, or in a response to a BYE, by UDP and without a body, as most
 * telephones write them. It is read in one pass over its bytes, without making anything. Whatever is not as expected is not
 * plain, and is left to `decodeMessage`: so this takes less than that, and never anything else. One for many, as it holds the
 * offsets of one message only.
 */
export class InDialogPlaces {
  bytes: Buffer = ack;
  /** Of a response; 0: a request. */
  status = 0;
  /** Else it is an ACK. */
  isBye = false;
  /** `sip:user@192.0.2.1:5060`, with `transport=udp` or without. */
  uriStart = 0;
  uriEnd = 0;
  /** The address in it. */
  hostStart = 0;
  hostEnd = 0;
  port = 0;
  /** Where the first header line starts. */
  linesStart = 0;
  readonly topVia = new ViaPlaces();
  /** The one below; only of a response. */
  readonly nextVia = new ViaPlaces();
  viaCount = 0;
  /** Some Via has a branch that begins as those do that this reader was made for. */
  hasOwnBranch = false;
  /** Of a response, what has to go so that the first Via is gone: its line, or its part of it. */
  cutStart = 0;
  cutEnd = 0;
  fromTagStart = 0;
  fromTagEnd = 0;
  toTagStart = 0;
  toTagEnd = 0;
  callIdStart = 0;
  callIdEnd = 0;
  cseq = 0;
  maxForwards = 0;
  /** Of a request, the lines that are not forwarded as they are, in their order. See `CHANGE_STRIDE`. */
  readonly changes = new Int32Array(linesMax * CHANGE_STRIDE);
  changeCount = 0;
  /** All elements of Route: all look like ours. See `ROUTE_STRIDE`. */
  readonly routes = new Int32Array(routesMax * ROUTE_STRIDE);
  routeCount = 0;
  readonly #belowVia = new ViaPlaces();
  readonly #lines = new HeaderLines();
  /** Which of those that must be there are there. */
  #found = 0;
  readonly #ownBranch: Uint8Array;

  /** `ownBranch`: how branches of this server begin. */
  constructor(ownBranch: string) {
    this.#ownBranch = Buffer.from(ownBranch, 'latin1');
  }

  /** False: not plain. */
  read(bytes: Buffer): boolean {
    if (bytes.length > plainMaxBytes) return false;
    const first = bytes[0];
    this.bytes = bytes;
    this.viaCount = this.changeCount = this.routeCount = this.#found = 0;
    this.hasOwnBranch = false;
    if (first === 0x53) return this.#readResponse(bytes);
    this.isBye = first === 0x42;
    if (!isAt(bytes, 0, this.isBye ? bye : ack)) return false;
    this.status = 0;
    return this.#requestUri(bytes) && this.#readLines(bytes) && this.#found === wholeRequest && this.routeCount > 0;
  }

  #readResponse(bytes: Buffer): boolean {
    this.status = numberAt(bytes, begin.length, statusEnd, 699);
    // Most of the others are to an INVITE: provisional ones, and those with a body.
    if (this.status < 200 || !isAt(bytes, bytes.length - headerEnd.length, headerEnd)) return false;
    if (bytes[statusEnd] !== 0x20 || !isAt(bytes, 0, begin)) return false;
    this.isBye = true;
    let at = statusEnd;
    while (at < bytes.length && bytes[at]! >= 0x20) at++;
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) return false;
    this.linesStart = at + 2;
    return this.#readLines(bytes) && this.#found === wholeResponse && this.viaCount > 1;
  }

  #requestUri(bytes: Buffer): boolean {
    this.uriStart = ack.length - 4;
    let at = ack.length;
    while (at < bytes.length && isUserCode(bytes[at]!) && bytes[at] !== 0x3a) at++;
    if (at === ack.length || bytes[at] !== 0x40) return false;
    this.hostStart = ++at;
    at = ipv4End(bytes, at);
    if (at < 0) return false;
    this.hostEnd = at;
    this.port = usualPort;
    if ((at = portEnd(bytes, at)) < 0) return false;
    if (at > this.hostEnd) this.port = numberAt(bytes, this.hostEnd + 1, at, portMax);
    if (isAtInAnyCase(bytes, at, udp)) at += udp.length;
    this.uriEnd = at;
    this.linesStart = at + version.length;
    return isAt(bytes, at, version);
  }

  #readLines(bytes: Buffer): boolean {
    const lines = this.#lines;
    lines.begin(this.linesStart);
    while (!lines.isAtEnd(bytes)) if (!lines.read(bytes) || !this.#line(bytes, lines)) return false;
    return lines.next + 2 === bytes.length;
  }

  #line(bytes: Buffer, lines: HeaderLines): boolean {
    const { valueStart: start, valueEnd: end } = lines;
    switch (lines.id) {
      case HeaderId.Via:
        return this.#via(bytes, lines);
      case HeaderId.From:
        return this.#tag(bytes, start, end, found.from);
      case HeaderId.To:
        return this.#tag(bytes, start, end, found.to);
      case HeaderId.CallId:
        this.callIdStart = start;
        this.callIdEnd = end;
        this.#found |= found.callId;
        return end > start;
      case HeaderId.CSeq:
        return this.#cseq(bytes, start, end);
      case HeaderId.ContentLength:
        this.#found |= found.contentLength;
        return end === start + 1 && bytes[start] === 0x30;
      case HeaderId.MaxForwards:
        if (this.status > 0) return true;
        this.maxForwards = numberAt(bytes, start, end, messageLimits.maxMaxForwards);
        this.#found |= found.maxForwards;
        return this.maxForwards > 0 && this.#change(Change.MaxForwards, lines);
      case HeaderId.Route:
        return this.status > 0 || (this.#change(Change.Route, lines) && this.#routes(bytes, start, end));
      case HeaderId.ProxyRequire:
        return this.status > 0;
      default:
        return true;
    }
  }

  #via(bytes: Buffer, lines: HeaderLines): boolean {
    this.#found |= found.via;
    if (this.status > 0) return this.#vias(bytes, lines);
    if (!this.#oneVia(bytes, lines.valueStart, lines.valueEnd)) return false;
    return this.viaCount > 1 || this.#change(Change.Via, lines);
  }

  /** One of a response, or several with commas between: some telephones write them so. */
  #vias(bytes: Buffer, lines: HeaderLines): boolean {
    const { valueStart, valueEnd } = lines;
    const isFirst = this.viaCount === 0;
    let start = valueStart;
    let end = elementEnd(bytes, start, valueEnd);
    if (isFirst) {
      this.cutStart = lines.start;
      this.cutEnd = lines.next;
    }
    while (this.#oneVia(bytes, start, end)) {
      if (end === valueEnd) return true;
      start = end + 1;
      while (bytes[start] === 0x20) start++;
      if (isFirst && this.viaCount === 1) {
        this.cutStart = valueStart;
        this.cutEnd = start;
      }
      end = elementEnd(bytes, start, valueEnd);
    }
    return false;
  }

  #oneVia(bytes: Buffer, start: number, end: number): boolean {
    // Those further down are read for what is wrong with them only.
    const via = this.viaCount++ === 0 ? this.topVia : this.viaCount === 2 ? this.nextVia : this.#belowVia;
    if (!via.read(bytes, start, end) || this.viaCount > messageLimits.maxVias) return false;
    this.hasOwnBranch ||= isAt(bytes, via.branchStart, this.#ownBranch);
    return true;
  }

  /** `"name" <uri>;tag=…`, without anything but the tag behind it. Of a response it is not looked at. */
  #tag(bytes: Buffer, start: number, end: number, which: number): boolean {
    this.#found |= which;
    if (this.status > 0) return true;
    let at = start;
    if (bytes[at] === 0x22) {
      at++;
      while (at < end && bytes[at] !== 0x22) if (bytes[at++] === 0x5c) return false;
      at++;
      while (bytes[at] === 0x20) at++;
    } else while (isTokenCode(bytes[at]!) || bytes[at] === 0x20) at++;
    if (at >= end || bytes[at] !== 0x3c) return false;
    at = uriEnd(bytes, at + 1, end);
    if (at < 0 || bytes[at] !== 0x3e || !isAt(bytes, ++at, tag)) return false;
    const tagStart = (at += tag.length);
    while (at < end && isTokenCode(bytes[at]!)) at++;
    if (at !== end || at === tagStart) return false;
    if (which === found.from) {
      this.fromTagStart = tagStart;
      this.fromTagEnd = end;
    } else {
      this.toTagStart = tagStart;
      this.toTagEnd = end;
    }
    return true;
  }

  #cseq(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    while (isDigitCode(bytes[at]!)) at++;
    this.cseq = numberAt(bytes, start, at, messageLimits.maxCSeq);
    this.#found |= found.cseq;
    return this.cseq >= 0 && isRange(bytes, at, end, this.isBye ? byeMethod : ackMethod);
  }

  /** `<sip:host:port;lr;hf=…>`, one or several. */
  #routes(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    for (;;) {
      if (this.routeCount >= routesMax || !isAt(bytes, at, route)) return false;
      const hostStart = (at += route.length);
      while (isHostCode(bytes[at]!)) at++;
      const hostEnd = at;
      if ((at = portEnd(bytes, at)) < 0) return false;
      const port = at > hostEnd ? numberAt(bytes, hostEnd + 1, at, portMax) : 0;
      if (hostEnd === hostStart || !isAt(bytes, at, loose)) return false;
      const tokenStart = (at += loose.length);
      while (at < end && isTokenCode(bytes[at]!)) at++;
      if (at === tokenStart || at >= end || bytes[at] !== 0x3e) return false;
      const index = this.routeCount++ * ROUTE_STRIDE;
      const { routes } = this;
      routes[index] = hostStart;
      routes[index + 1] = hostEnd;
      routes[index + 2] = port;
      routes[index + 3] = tokenStart;
      routes[index + 4] = at++;
      if (at === end) return true;
      if (bytes[at++] !== 0x2c) return false;
      while (bytes[at] === 0x20) at++;
    }
  }

  #change(change: Change, { start, valueStart, valueEnd, next }: HeaderLines): boolean {
    if (this.changeCount >= linesMax) return false;
    const index = this.changeCount++ * CHANGE_STRIDE;
    const { changes } = this;
    changes[index] = change;
    changes[index + 1] = start;
    changes[index + 2] = valueStart;
    changes[index + 3] = valueEnd;
    changes[index + 4] = next;
    return true;
  }
}

const found = { via: 1, from: 2, to: 4, callId: 8, cseq: 16, contentLength: 32, maxForwards: 64 };
const wholeResponse = found.via | found.from | found.to | found.callId | found.cseq | found.contentLength;
const wholeRequest = wholeResponse | found.maxForwards;

/** Where the comma behind the Via at `start` is, or the end of its line: in one that is read here there is no other. */
function elementEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0x2c) at++;
  return at;
}

/** Where a URI of whatever scheme ends before `>`; -1: it is none. */
function uriEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]! | 0x20;
  if (first < 0x61 || first > 0x7a) return -1;
  let at = start + 1;
  while (at < end && isSchemeCode(bytes[at]!)) at++;
  if (bytes[at] !== 0x3a) return -1;
  while (at < end && isUriCode(bytes[at]!)) at++;
  return at < end ? at : -1;
}

/** Where the IPv4 address at `start`, in its usual spelling, ends; -1: there is none. */
export function ipv4End(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== 0x2e) return -1;
    const partStart = at;
    while (at < partStart + 4 && isDigitCode(bytes[at]!)) at++;
    if (numberAt(bytes, partStart, at, 255) < 0) return -1;
    if (bytes[partStart] === 0x30 && at > partStart + 1) return -1;
  }
  return isHostCode(bytes[at]!) ? -1 : at;
}
