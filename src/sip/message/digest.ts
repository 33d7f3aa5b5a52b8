import { skipSpaces, isTokenCode } from './characters.ts';
import { skipQuoted, unquote } from './characters.ts';

/** Parameters of a Digest challenge or of credentials (RFC 8760, RFC 7616), without their quotes. */
export interface DigestCredentials {
  readonly username: string | undefined;
  readonly realm: string | undefined;
  readonly nonce: string | undefined;
  readonly uri: string | undefined;
  readonly response: string | undefined;
  /** `MD5` where it is not there. */
  readonly algorithm: string;
  readonly opaque: string | undefined;
  readonly qop: string | undefined;
  readonly nc: string | undefined;
  readonly cnonce: string | undefined;
  /** Names in lower case; all of them. */
  readonly params: ReadonlyMap<string, string>;
}

/** Undefined for another scheme than Digest, and for what cannot be read: it is as if it were not there (RFC 4475 §3.3.7). */
export function parseDigest(text: string, start: number, end: number): DigestCredentials | undefined {
  if (text.slice(start, start + 6).toLowerCase() !== 'digest') return undefined;
  const params = new Map<string, string>();
  let at = start + 6;
  if (skipSpaces(text, at, end) === at) return undefined;
  for (;;) {
    at = skipSpaces(text, at, end);
    const nameStart = at;
    while (at < end && isTokenCode(text.charCodeAt(at))) at++;
    const name = text.slice(nameStart, at).toLowerCase();
    at = skipSpaces(text, at, end);
    if (name === '' || text.charCodeAt(at) !== 0x3d) return undefined;
    const valueStart = skipSpaces(text, at + 1, end);
    at = valueEnd(text, valueStart, end);
    if (at < 0) return undefined;
    // The first one counts: whoever adds a second one is not believed
    if (!params.has(name)) params.set(name, unquote(text.slice(valueStart, at)));
    at = skipSpaces(text, at, end);
    if (at >= end) break;
    if (text.charCodeAt(at) !== 0x2c) return undefined;
    at++;
  }
  return {
    username: params.get('username'),
    realm: params.get('realm'),
    nonce: params.get('nonce'),
    uri: params.get('uri'),
    response: params.get('response'),
    algorithm: params.get('algorithm') ?? 'MD5',
    opaque: params.get('opaque'),
    qop: params.get('qop'),
    nc: params.get('nc'),
    cnonce: params.get('cnonce'),
    params,
  };
}

function valueEnd(text: string, start: number, end: number): number {
  if (text.charCodeAt(start) === 0x22) return skipQuoted(text, start, end);
  let at = start;
  while (at < end && text.charCodeAt(at) !== 0x2c && text.charCodeAt(at) > 0x20) at++;
  return at;
}
