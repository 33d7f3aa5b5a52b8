import { isAt, portEnd } from './byte-ranges.ts';
import { isHostCode, isParamValueCode, isTokenCode, isUriCode, isUserCode } from './characters.ts';

const sipScheme = Buffer.from('sip:', 'latin1');
const tag = Buffer.from('tag', 'latin1');

/** Where things are in an address as most telephones write it. One for many, as it holds the offsets of one only. */
export class PlainAddress {
  userStart = 0;
  userEnd = 0;
  hostStart = 0;
  hostEnd = 0;
  /** Without its "<" and ">". */
  uriStart = 0;
  uriEnd = 0;
  /** Nothing where there is none. */
  tagStart = 0;
  tagEnd = 0;
  hasTag = false;

  /** `"name" <sip:user@host:port;…>;tag=…`, without anything but a tag behind it. False: not plain. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let at = nameEnd(bytes, start, end);
    if (at < 0) return false;
    at = this.readUri(bytes, at, end);
    if (at < 0) return false;
    at++;
    this.hasTag = at < end;
    this.tagStart = this.tagEnd = 0;
    if (at >= end) return at === end;
    if (bytes[at++] !== 0x3b || !isAt(bytes, at, tag) || bytes[at + tag.length] !== 0x3d) return false;
    at += tag.length + 1;
    const tagStart = at;
    while (at < end && isTokenCode(bytes[at]!)) at++;
    this.tagStart = tagStart;
    this.tagEnd = at;
    return at === end && at > tagStart;
  }

  /** `<sip:user@host:port;…>`, the user without escapes and password, or not there. Where its `>` is; -1: not plain. */
  readUri(bytes: Uint8Array, start: number, end: number): number {
    if (bytes[start] !== 0x3c || !isAt(bytes, start + 1, sipScheme)) return -1;
    this.uriStart = start + 1;
    let at = start + 1 + sipScheme.length;
    this.userStart = this.userEnd = at;
    let last = at;
    while (last < end && bytes[last] !== 0x40 && bytes[last] !== 0x3e) last++;
    if (bytes[last] === 0x40) {
      while (at < end && bytes[at] !== 0x40) {
        const byte = bytes[at]!;
        if (byte === 0x3a || byte > 0x7e || !isUserCode(byte)) return -1;
        at++;
      }
      this.userEnd = at;
      if (at === this.userStart || at++ >= end) return -1;
    }
    this.hostStart = at;
    while (isHostCode(bytes[at]!)) at++;
    this.hostEnd = at;
    if (at === this.hostStart || (at = portEnd(bytes, at)) < 0) return -1;
    at = paramsEnd(bytes, at, end);
    this.uriEnd = at;
    return bytes[at] === 0x3e ? at : -1;
  }
}

/** Where what may stand before the `<` of an address ends: `"name" `, words, nothing; -1: not plain. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[at] !== 0x22) {
    while (isTokenCode(bytes[at]!) || bytes[at] === 0x20) at++;
    return at;
  }
  at++;
  while (at < end && bytes[at] !== 0x22) if (bytes[at++] === 0x5c) return -1;
  at++;
  while (bytes[at] === 0x20) at++;
  return at;
}

/** Where `;name=value` parameters of a URI end; -1: other ones. */
function paramsEnd(bytes: Uint8Array, start: number, end: number): number {
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
