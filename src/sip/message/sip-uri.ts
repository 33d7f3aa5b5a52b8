import { isSchemeCode, isUriCode, isUserCode, parseDecimal } from './characters.ts';
import { findParam, listParams, ParamCursor } from './params.ts';
import { hostText, skipHost } from './via.ts';

export type UriScheme = 'sip' | 'sips' | 'tel';

/** A SIP, SIPS (RFC 3261 §19.1) or tel URI (RFC 3966). Parts are as written, escapes included, but for the case of the host. */
export class SipUri {
  readonly scheme: UriScheme;
  /** With its escapes; for tel, the number. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** In lower case, an IPv6 address without brackets; empty for tel. */
  readonly host: string;
  readonly port: number | undefined;
  /** `;name=value…`, or empty. */
  readonly paramsText: string;
  /** What follows "?"; undefined when there is none. */
  readonly headersText: string | undefined;

  constructor(parts: {
    readonly scheme: UriScheme;
    readonly user?: string | undefined;
    readonly password?: string | undefined;
    readonly host: string;
    readonly port?: number | undefined;
    readonly paramsText?: string;
    readonly headersText?: string | undefined;
  }) {
    this.scheme = parts.scheme;
    this.user = parts.user;
    this.password = parts.password;
    this.host = parts.host;
    this.port = parts.port;
    this.paramsText = parts.paramsText ?? '';
    this.headersText = parts.headersText;
  }

  /** Value of a URI parameter, name in lower case; empty when it has none, undefined when it is not there. */
  param(name: string): string | undefined {
    return this.paramsText === '' ? undefined : findParam(this.paramsText, 0, this.paramsText.length, name);
  }

  has(name: string): boolean {
    return this.param(name) !== undefined;
  }

  /** Names in lower case. */
  params(): (readonly [name: string, value: string])[] {
    return listParams(this.paramsText, 0, this.paramsText.length);
  }

  /** Names and values with their escapes, in order. */
  headers(): (readonly [name: string, value: string])[] {
    if (this.headersText === undefined) return [];
    return this.headersText.split('&').map((header) => {
      const equals = header.indexOf('=');
      return equals < 0 ? [header, ''] : [header.slice(0, equals), header.slice(equals + 1)];
    });
  }

  /** `host`, `host:port` or `[v6]:port`. */
  get hostPort(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return this.port === undefined ? host : `${host}:${this.port}`;
  }

  toString(): string {
    if (this.scheme === 'tel') return `tel:${this.user ?? ''}${this.paramsText}`;
    const password = this.password === undefined ? '' : `:${this.password}`;
    const user = this.user === undefined ? '' : `${this.user}${password}@`;
    const headers = this.headersText === undefined ? '' : `?${this.headersText}`;
    return `${this.scheme}:${user}${this.hostPort}${this.paramsText}${headers}`;
  }
}

/** The scheme in lower case; undefined if the text does not begin with one. */
export function uriScheme(text: string, start = 0, end = text.length): string | undefined {
  const colon = schemeEnd(text, start, end);
  return colon < 0 ? undefined : text.slice(start, colon).toLowerCase();
}

/** Where the colon after the scheme is, -1 if there is no scheme. */
export function schemeEnd(text: string, start: number, end: number): number {
  const first = text.charCodeAt(start) | 0x20;
  if (start >= end || first < 0x61 || first > 0x7a) return -1;
  let at = start + 1;
  while (at < end && isSchemeCode(text.charCodeAt(at))) at++;
  return at < end && text.charCodeAt(at) === 0x3a ? at : -1;
}

/** Undefined for another scheme, and for what is not a URI of its scheme. */
export function parseSipUri(text: string, start = 0, end = text.length): SipUri | undefined {
  if (text.startsWith('sip:', start)) return parseAfterScheme('sip', text, start + 4, end);
  const scheme = uriScheme(text, start, end);
  if (scheme === undefined) return undefined;
  const rest = start + scheme.length + 1;
  if (scheme === 'sip' || scheme === 'sips') return parseAfterScheme(scheme, text, rest, end);
  return scheme === 'tel' ? parseTel(text, rest, end) : undefined;
}

function parseAfterScheme(scheme: UriScheme, text: string, start: number, end: number): SipUri | undefined {
  // "@" is in neither host nor parameters without an escape, so the last one before the headers ends the user part.
  const at = userEnd(text, start, end);
  let user, password;
  let hostStart = start;
  if (at >= 0) {
    if (!isUserInfo(text, start, at) || at === start) return undefined;
    const colon = text.indexOf(':', start);
    const hasPassword = colon >= 0 && colon < at;
    user = text.slice(start, hasPassword ? colon : at);
    if (hasPassword) password = text.slice(colon + 1, at);
    if (user === '') return undefined;
    hostStart = at + 1;
  }
  const hostEnd = skipHost(text, hostStart, end);
  if (hostEnd < 0) return undefined;
  const host = hostText(text, hostStart, hostEnd);
  let port: number | undefined;
  let next = hostEnd;
  if (next < end && text.charCodeAt(next) === 0x3a) {
    const portStart = ++next;
    while (next < end && text.charCodeAt(next) >= 0x30 && text.charCodeAt(next) <= 0x39) next++;
    port = parseDecimal(text, portStart, next);
    if (port < 1 || port > 65_535) return undefined;
  }
  if (next === end) return new SipUri({ scheme, user, password, host, port });
  return withRest({ scheme, user, password, host, port }, text, next, end);
}

function withRest(
  parts: ConstructorParameters<typeof SipUri>[0],
  text: string,
  start: number,
  end: number,
): SipUri | undefined {
  // The cursor passes over spaces, which header fields may have between parameters and URIs may not
  for (let at = start; at < end; at++) if (!isUriCode(text.charCodeAt(at))) return undefined;
  const question = text.indexOf('?', start);
  const paramsEnd = question < 0 || question >= end ? end : question;
  const cursor = new ParamCursor(text, start, paramsEnd);
  while (cursor.next());
  if (cursor.flaw !== undefined || cursor.at !== paramsEnd) return undefined;
  const headersText = paramsEnd === end ? undefined : text.slice(paramsEnd + 1, end);
  return new SipUri({ ...parts, paramsText: text.slice(start, paramsEnd), headersText });
}

function userEnd(text: string, start: number, end: number): number {
  const at = text.indexOf('@', start);
  return at < end ? at : -1;
}

function isUserInfo(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    // An escape that is none is left to those who compare: it is text like any other (RFC 4475 §3.1.1.5)
    if (!isUserCode(code) && code !== 0x25 && code < 0x80) return false;
  }
  return true;
}

function parseTel(text: string, start: number, end: number): SipUri | undefined {
  const semicolon = text.indexOf(';', start);
  const numberEnd = semicolon < 0 || semicolon >= end ? end : semicolon;
  const number = text.slice(start, numberEnd);
  if (!/^\+?[0-9a-fA-F*#().-]+$/.test(number)) return undefined;
  const cursor = new ParamCursor(text, numberEnd, end);
  while (cursor.next());
  if (cursor.flaw !== undefined || cursor.at !== end) return undefined;
  return new SipUri({ scheme: 'tel', user: number, host: '', paramsText: text.slice(numberEnd, end) });
}
