import type { SipUri } from './sip-uri.ts';
import { normaliseEscapes, unescapeUri } from './unescape.ts';

/** Parameters that make a difference when only one of two URIs has them (RFC 3261 §19.1.4). */
const tellingParams = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Are these the same by RFC 3261 §19.1.4 (tel: RFC 3966 §4)? That is no equivalence: `;x=1`, nothing, `;x=2`. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.scheme === 'tel') return sameTel(a, b);
  return (
    samePart(a.user, b.user) &&
    samePart(a.password, b.password) &&
    a.host === b.host &&
    a.port === b.port &&
    sameParams(a, b) &&
    sameHeaders(a, b)
  );
}

function samePart(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && normaliseEscapes(a) === normaliseEscapes(b));
}

function sameParams(a: SipUri, b: SipUri): boolean {
  if (a.paramsText === b.paramsText) return true;
  const ofA = new Map(a.params());
  const ofB = new Map(b.params());
  for (const [name, value] of ofA) {
    const other = ofB.get(name);
    if (other !== undefined && foldedValue(value) !== foldedValue(other)) return false;
  }
  return tellingParams.every((name) => ofA.has(name) === ofB.has(name));
}

const foldedValue = (value: string): string => normaliseEscapes(value).toLowerCase();

/** Headers count in any order; names in any case. */
function sameHeaders(a: SipUri, b: SipUri): boolean {
  if (a.headersText === b.headersText) return true;
  const sorted = (uri: SipUri): string =>
    uri
      .headers()
      .map(([name, value]) => `${name.toLowerCase()}=${normaliseEscapes(value)}`)
      .sort()
      .join('&');
  return sorted(a) === sorted(b);
}

/** RFC 3966 §4: visual separators do not count; parameters in any order, all of them. */
function sameTel(a: SipUri, b: SipUri): boolean {
  const sorted = (uri: SipUri): string =>
    uri
      .params()
      .map(([name, value]) => `${name}=${value.toLowerCase()}`)
      .sort()
      .join(';');
  return telNumber(a) === telNumber(b) && sorted(a) === sorted(b);
}

/** Without visual separators, letters small. */
function telNumber(uri: SipUri): string {
  return (uri.user ?? '').replace(/[-.()]/g, '').toLowerCase();
}

/**
 * The address of record that a URI names, as a key: `user@host`, escapes undone, without scheme, port, password and
 * parameters (RFC 3261 §10.3, 5). The user's case counts, the host's does not. A tel URI has
 * no host: its key is the number without visual separators.
 */
export function aorOf(uri: SipUri): string {
  if (uri.scheme === 'tel') return telNumber(uri);
  if (uri.user === undefined) return uri.host;
  const user = unescapeUri(uri.user);
  return `${user}@${uri.host}`;
}
