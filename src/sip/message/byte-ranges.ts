import { isDigitCode, isParamValueCode } from './characters.ts';

/** For requests that are read without making texts of their parts. */

/** `text` stands at `at`. */
export function isAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** `text` is in lower case, and of letters, `;` and `=`. */
export function isAtInAnyCase(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = bytes[at + i]!;
    if (byte < 0x20 || (byte | 0x20) !== text[i]) return false;
  }
  return true;
}

/** It is `text`, and nothing else. */
export const isRange = (bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean =>
  end - start === text.length && isAt(bytes, start, text);

/** As `isRange`, of a text with characters below 256. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Two ranges have the same bytes. */
export function isSame(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = 0; i < end - start; i++) if (bytes[start + i] !== bytes[otherStart + i]) return false;
  return true;
}

/** -1: no number, or above `max`. */
export function numberAt(bytes: Uint8Array, start: number, end: number, max: number): number {
  if (start >= end || end - start > 10) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (!isDigitCode(byte)) return -1;
    value = value * 10 + byte - 0x30;
  }
  return value > max ? -1 : value;
}

/** Four bytes of Latin-1, fewer at the end, as the hashes of this server take them from texts. */
export function wordAt(bytes: Uint8Array, at: number, end: number): number {
  let word = bytes[at]!;
  if (at + 1 < end) word ^= bytes[at + 1]! << 8;
  if (at + 2 < end) word ^= bytes[at + 2]! << 16;
  if (at + 3 < end) word ^= bytes[at + 3]! << 24;
  return word;
}

const portMax = 65_535;

/** Where `:port` at `at` ends; `at` where there is none; -1 for one that is none. */
export function portEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x3a) return at;
  let end = at + 1;
  while (isDigitCode(bytes[end]!)) end++;
  return numberAt(bytes, at + 1, end, portMax) < 1 ? -1 : end;
}

/** Where the value ends, with its closing quote; `start`: there is none that is plain. */
export function valueEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[at] !== 0x22) {
    while (at < end && isParamValueCode(bytes[at]!)) at++;
    return at;
  }
  for (at++; at < end && bytes[at] !== 0x22; at++) if (bytes[at] === 0x5c || bytes[at]! > 0x7e) return start;
  return at < end ? at + 1 : start;
}
