import { formatIpAddress, parseIpAddress } from '#base';
import { isHexCode, isHostCode, isTokenCode, parseDecimal, skipSpaces, trimSpaces } from './characters.ts';
import { Malformed } from './malformed.ts';
import { findParam, ParamCursor } from './params.ts';

/** One hop of a message, RFC 3261 §20.42. */
export class Via {
  readonly #text: string;
  readonly #start: number;
  readonly #paramsStart: number;
  /** Where this element ends in the text that it was parsed from. */
  readonly end: number;
  /** In upper case: `UDP`, `TCP`, `TLS`, `WS`, `WSS`, or what else was written. */
  readonly transport: string;
  /** Host of sent-by in lower case; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Undefined or without the magic cookie: of a program older than RFC 3261. */
  readonly branch: string | undefined;
  /** The address that the message really came from (§18.2.1). */
  readonly received: string | undefined;
  /** RFC 3581: undefined when not there, 0 when without a value. */
  readonly rport: number | undefined;
  readonly maddr: string | undefined;
  /** What is not as it must be behind sent-by. Only a bad message has such a Via: enough to be answered by. */
  readonly flaw: string | undefined;

  /** Sent-by in `text` up to `paramsStart`; the parameters are behind it. */
  constructor(text: string, start: number, paramsStart: number, end: number, sentBy: SentBy) {
    this.#text = text;
    this.#start = start;
    this.#paramsStart = paramsStart;
    this.transport = sentBy.transport;
    this.host = sentBy.host;
    this.port = sentBy.port;
    let branch, received, rport, maddr;
    const cursor = new ParamCursor(text, paramsStart, end);
    while (cursor.next()) {
      switch (cursor.nameEnd - cursor.nameStart) {
        case 5:
          if (cursor.isNamed('rport')) rport = cursor.valueStart < 0 ? 0 : portOf(cursor);
          else if (cursor.isNamed('maddr')) maddr = cursor.rawValue;
          break;
        case 6:
          if (cursor.isNamed('branch')) branch = cursor.rawValue;
          break;
        case 8:
          if (cursor.isNamed('received')) received = withoutBrackets(cursor.rawValue);
      }
    }
    this.end = cursor.at;
    this.branch = branch;
    this.received = received;
    this.rport = rport;
    this.maddr = maddr;
    this.flaw = cursor.flaw;
  }

  /** Value of another parameter (`ttl`, `alias`, `keep`, …), name in lower case; empty when it has none. */
  param(name: string): string | undefined {
    return findParam(this.#text, this.#paramsStart, this.end, name);
  }

  /** RFC 3261 §17.2.3: a branch that tells transactions apart. `z9hG4bK` alone does not (RFC 4475 §3.2.1). */
  get hasUniqueBranch(): boolean {
    return this.branch !== undefined && this.branch.length > 7 && hasCookie(this.branch);
  }

  /** As written. */
  toString(): string {
    return this.#text.slice(this.#start, this.end).trimEnd();
  }

  /** As written, with these parameters at the end instead of those of the same name there (RFC 3261 §18.2.1, RFC 3581 §4). */
  withReceived(address: string, rport: number | undefined): string {
    const source = this.#text;
    let text = '';
    // What is written without spaces is taken over in one piece, from `from` to `to`.
    let from = this.#start;
    let to = trimSpaces(source, from, this.#paramsStart);
    const cursor = new ParamCursor(source, this.#paramsStart, this.end);
    while (cursor.next()) {
      if (cursor.isNamed('received') || (rport !== undefined && cursor.isNamed('rport'))) continue;
      const { nameStart, nameEnd, valueStart, valueEnd } = cursor;
      const isTight = valueStart < 0 || valueStart === nameEnd + 1;
      if (!isTight || nameStart !== to + 1) {
        text += `${source.slice(from, to)};`;
        if (!isTight) text += `${source.slice(nameStart, nameEnd)}=`;
        from = isTight ? nameStart : valueStart;
      }
      to = valueStart < 0 ? nameEnd : valueEnd;
    }
    text += source.slice(from, to);
    return rport === undefined ? `${text};received=${address}` : `${text};rport=${rport};received=${address}`;
  }
}

interface SentBy {
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
}

// The cookie's case does not matter to those who compare tokens as §7.3.1 says.
function hasCookie(branch: string): boolean {
  return branch.startsWith('z9hG4bK') || branch.slice(0, 7).toLowerCase() === 'z9hg4bk';
}

/** The first element at `start … end`, up to a comma. */
export function parseVia(text: string, start: number, end: number): Via | Malformed {
  const from = skipSpaces(text, start, end);
  const transportStart = skipProtocol(text, from, end);
  if (transportStart < 0) return new Malformed('Via without a protocol', from);
  let at = transportStart;
  while (at < end && isTokenCode(text.charCodeAt(at))) at++;
  if (at === transportStart) return new Malformed('Via without a transport', at);
  const transport = transportName(text, transportStart, at);
  const hostStart = skipSpaces(text, at, end);
  if (hostStart === at) return new Malformed('Via without sent-by', at);
  const hostEnd = skipHost(text, hostStart, end);
  if (hostEnd < 0) return new Malformed('Via with a bad host', hostStart);
  const host = hostText(text, hostStart, hostEnd);
  at = skipSpaces(text, hostEnd, end);
  let port: number | undefined;
  if (at < end && text.charCodeAt(at) === 0x3a) {
    const portStart = skipSpaces(text, at + 1, end);
    at = portStart;
    while (at < end && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
    port = parseDecimal(text, portStart, at);
    if (port < 1 || port > 65_535) return new Malformed('Via with a bad port', portStart);
  }
  return new Via(text, from, at, end, { transport, host, port });
}

function portOf(cursor: ParamCursor): number {
  const port = parseDecimal(cursor.text, cursor.valueStart, cursor.valueEnd);
  return port > 0 && port <= 65_535 ? port : 0;
}

const withoutBrackets = (host: string): string =>
  host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;

/** The place of the transport; -1 when it is not `SIP / 2.0 /`. */
function skipProtocol(text: string, start: number, end: number): number {
  if (text.startsWith('SIP/2.0/', start) && isTokenCode(text.charCodeAt(start + 8))) return start + 8;
  let at = start;
  for (let slashes = 0; slashes < 2; slashes++) {
    const from = at;
    while (at < end && isTokenCode(text.charCodeAt(at))) at++;
    if (at === from) return -1;
    at = skipSpaces(text, at, end);
    if (at >= end || text.charCodeAt(at) !== 0x2f) return -1;
    at = skipSpaces(text, at + 1, end);
  }
  return at;
}

function transportName(text: string, start: number, end: number): string {
  if (end - start === 3) {
    if (text.startsWith('UDP', start)) return 'UDP';
    if (text.startsWith('TCP', start)) return 'TCP';
    if (text.startsWith('TLS', start)) return 'TLS';
  }
  return text.slice(start, end).toUpperCase();
}

/** In lower case; an IPv6 reference without its brackets, in its usual spelling (RFC 5952): it has many. */
export function hostText(text: string, start: number, end: number): string {
  if (text.charCodeAt(start) !== 0x5b) return text.slice(start, end).toLowerCase();
  const host = text.slice(start + 1, end - 1).toLowerCase();
  const bytes = parseIpAddress(host);
  return bytes === undefined ? host : (formatIpAddress(bytes) ?? host);
}

/** The place after a host name, IPv4 address or IPv6 reference; -1 if there is none. */
export function skipHost(text: string, start: number, end: number): number {
  let at = start;
  if (text.charCodeAt(at) !== 0x5b) {
    while (at < end && isHostCode(text.charCodeAt(at))) at++;
    return at === start ? -1 : at;
  }
  let colons = 0;
  for (at++; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5d) return colons >= 2 ? at + 1 : -1;
    if (code === 0x3a) colons++;
    else if (!isHexCode(code) && code !== 0x2e) return -1;
  }
  return -1;
}
