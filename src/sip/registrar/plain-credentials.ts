import { isAt, isRange } from '../message/byte-ranges.ts';
import { isTokenCode } from '../message/characters.ts';

const scheme = Buffer.from('Digest ', 'latin1');
const known = ['username', 'realm', 'nonce', 'uri', 'response', 'algorithm', 'cnonce', 'opaque', 'qop', 'nc'] as const;
const names: readonly Buffer[] = known.map((name) => Buffer.from(name, 'latin1'));
const md5 = Buffer.from('MD5', 'latin1');
const auth = Buffer.from('auth', 'latin1');
const all = (1 << known.length) - 1;
const bitOf = (name: (typeof known)[number]): number => 1 << known.indexOf(name);
const optional = bitOf('algorithm') | bitOf('opaque');

const USERNAME = 0;
const REALM = 1;
const NONCE = 2;
const URI = 3;
const RESPONSE = 4;
const ALGORITHM = 5;
const CNONCE = 6;
const QOP = 8;
const NC = 9;
const responseDigits = 32;
const ncDigits = 8;

/** Where things are in the credentials of RFC 7616 with MD5 and qop `auth`: the way that most telephones do it. */
export class PlainCredentials {
  userStart = 0;
  userEnd = 0;
  realmStart = 0;
  realmEnd = 0;
  nonceStart = 0;
  nonceEnd = 0;
  uriStart = 0;
  uriEnd = 0;
  responseStart = 0;
  cnonceStart = 0;
  cnonceEnd = 0;
  ncStart = 0;

  /** False: not plain. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (!isAt(bytes, start, scheme)) return false;
    let at = start + scheme.length;
    let seen = 0;
    for (;;) {
      while (bytes[at] === 0x20) at++;
      const nameStart = at;
      while (at < end && isTokenCode(bytes[at]!)) at++;
      const which = nameAt(bytes, nameStart, at);
      if (which < 0 || (seen & (1 << which)) !== 0 || bytes[at] !== 0x3d) return false;
      seen |= 1 << which;
      const isQuoted = bytes[++at] === 0x22;
      if (isQuoted) at++;
      const valueStart = at;
      if (isQuoted) while (at < end && bytes[at] !== 0x22 && bytes[at] !== 0x5c && bytes[at]! < 0x7f) at++;
      else while (at < end && isTokenCode(bytes[at]!)) at++;
      if (isQuoted && (at >= end || bytes[at] !== 0x22)) return false;
      if (at === valueStart || !this.#take(bytes, which, valueStart, at)) return false;
      if (isQuoted) at++;
      while (at < end && bytes[at] === 0x20) at++;
      if (at >= end) break;
      if (bytes[at++] !== 0x2c) return false;
    }
    return (seen | optional) === all;
  }

  #take(bytes: Uint8Array, which: number, start: number, end: number): boolean {
    switch (which) {
      case USERNAME:
        this.userStart = start;
        this.userEnd = end;
        return true;
      case REALM:
        this.realmStart = start;
        this.realmEnd = end;
        return true;
      case NONCE:
        this.nonceStart = start;
        this.nonceEnd = end;
        return true;
      case URI:
        this.uriStart = start;
        this.uriEnd = end;
        return true;
      case RESPONSE:
        this.responseStart = start;
        return end - start === responseDigits;
      case ALGORITHM:
        return isRange(bytes, start, end, md5);
      case CNONCE:
        this.cnonceStart = start;
        this.cnonceEnd = end;
        return true;
      case QOP:
        return isRange(bytes, start, end, auth);
      case NC:
        this.ncStart = start;
        return end - start === ncDigits;
      default:
        return true;
    }
  }
}

function nameAt(bytes: Uint8Array, start: number, end: number): number {
  for (let which = 0; which < names.length; which++) if (isRange(bytes, start, end, names[which]!)) return which;
  return -1;
}
