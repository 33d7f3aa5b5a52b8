import { isUriCode, skipQuoted, skipSpaces, unquote } from './characters.ts';
import { Malformed } from './malformed.ts';
import { findParam, listParams, ParamCursor } from './params.ts';
import { parseSipUri, schemeEnd, type SipUri } from './sip-uri.ts';

/** name-addr or addr-spec with its parameters (RFC 3261 §20.10): From, To, Contact, Route, Record-Route, Path, … */
export class NameAddr {
  readonly #text: string;
  readonly #start: number;
  readonly #displayEnd: number;
  readonly #uriStart: number;
  readonly #uriEnd: number;
  readonly #paramsStart: number;
  /** Where this element ends in the text that it was parsed from. */
  readonly end: number;
  /** Of From and To; undefined where there is none. */
  readonly tag: string | undefined;
  #uri: SipUri | undefined | null = null;

  /** Offsets in `text`; the URI is without "<" and ">". The parameters are sound. */
  constructor(
    text: string,
    start: number,
    displayEnd: number,
    uriStart: number,
    uriEnd: number,
    paramsStart: number,
    end: number,
    tag: string | undefined,
  ) {
    this.#text = text;
    this.#start = start;
    this.#displayEnd = displayEnd;
    this.#uriStart = uriStart;
    this.#uriEnd = uriEnd;
    this.#paramsStart = paramsStart;
    this.end = end;
    this.tag = tag;
  }

  /** Without quotes; empty where there is none. */
  get displayName(): string {
    return unquote(this.#text.slice(this.#start, this.#displayEnd).trim());
  }

  /** As written, without "<" and ">". */
  get uriText(): string {
    return this.#text.slice(this.#uriStart, this.#uriEnd);
  }

  /** Undefined for another scheme than sip, sips and tel, and for a bad URI. */
  get uri(): SipUri | undefined {
    if (this.#uri === null) this.#uri = parseSipUri(this.#text, this.#uriStart, this.#uriEnd);
    return this.#uri;
  }

  /** Value of a parameter of the header field (not of the URI), name in lower case; empty when it has none. */
  param(name: string): string | undefined {
    return findParam(this.#text, this.#paramsStart, this.end, name);
  }

  params(): (readonly [name: string, value: string])[] {
    return listParams(this.#text, this.#paramsStart, this.end);
  }

  /** As written, with its first ";". */
  get paramsText(): string {
    return this.#text.slice(this.#paramsStart, this.end).trim();
  }

  /** As written. */
  toString(): string {
    return this.#text.slice(this.#start, this.end).trimEnd();
  }
}

/** The first element at `start … end`, up to a comma. `field` is for the reason of a Malformed. */
export function parseNameAddr(text: string, start: number, end: number, field: string): NameAddr | Malformed {
  const from = skipSpaces(text, start, end);
  if (from >= end) return new Malformed(`${field} is empty`, from);
  const first = text.charCodeAt(from);
  if (first === 0x3c) return parseAngle(text, from, from, from, end, field);
  if (first === 0x22) {
    const quoteEnd = skipQuoted(text, from, end);
    if (quoteEnd < 0) return new Malformed(`${field} with a quoted string without its end`, from);
    const angle = skipSpaces(text, quoteEnd, end);
    if (text.charCodeAt(angle) !== 0x3c || angle >= end) return new Malformed(`${field} without "<"`, angle);
    return parseAngle(text, from, quoteEnd, angle, end, field);
  }
  return parseBare(text, from, end, field);
}

/** Begins without a quote: words before "<", or an addr-spec. */
function parseBare(text: string, from: number, end: number, field: string): NameAddr | Malformed {
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x3c) return parseAngle(text, from, at, at, end, field);
    if (code === 0x2c || code === 0x3b) break;
    if (code === 0x22) return new Malformed(`${field} with a quote in the middle`, at);
  }
  let uriEnd = from;
  while (uriEnd < end) {
    const code = text.charCodeAt(uriEnd);
    if (code === 0x3b || code === 0x2c || !isUriCode(code)) break;
    // RFC 3261 §20.10: with "?", ";" or "," the URI must be in "<>" (RFC 4475 §3.1.2.13)
    if (code === 0x3f) return new Malformed(`${field} with a "?" outside of "<>"`, uriEnd);
    uriEnd++;
  }
  if (schemeEnd(text, from, uriEnd) < 0) return new Malformed(`${field} without a URI`, from);
  return withParams(text, from, from, from, uriEnd, uriEnd, end, field);
}

function parseAngle(
  text: string,
  start: number,
  displayEnd: number,
  angle: number,
  end: number,
  field: string,
): NameAddr | Malformed {
  const uriStart = angle + 1;
  let close = uriStart;
  while (close < end && isUriCode(text.charCodeAt(close))) close++;
  if (close >= end) return new Malformed(`${field} without ">"`, angle);
  if (text.charCodeAt(close) !== 0x3e) return new Malformed(`${field} with a bad character in its URI`, close);
  if (schemeEnd(text, uriStart, close) < 0) return new Malformed(`${field} without a URI in "<>"`, uriStart);
  return withParams(text, start, displayEnd, uriStart, close, close + 1, end, field);
}

function withParams(
  text: string,
  start: number,
  displayEnd: number,
  uriStart: number,
  uriEnd: number,
  paramsStart: number,
  end: number,
  field: string,
): NameAddr | Malformed {
  let tag: string | undefined;
  const cursor = new ParamCursor(text, paramsStart, end);
  while (cursor.next()) if (cursor.isNamed('tag')) tag = cursor.rawValue;
  if (cursor.flaw !== undefined) return new Malformed(`${field} with ${cursor.flaw}`, cursor.at);
  return new NameAddr(text, start, displayEnd, uriStart, uriEnd, paramsStart, cursor.at, tag);
}

/** All elements of a list, or the first that is bad. Empty elements are bad (RFC 4475 §3.1.2.1). */
export function parseNameAddrs(text: string, start: number, end: number, field: string): NameAddr[] | Malformed {
  const found: NameAddr[] = [];
  let at = start;
  for (;;) {
    const element = parseNameAddr(text, at, end, field);
    if (element instanceof Malformed) return element;
    found.push(element);
    // Parameters end at the end of the text or at a comma
    at = element.end;
    if (at >= end) return found;
    at++;
  }
}
