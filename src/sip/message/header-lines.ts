import { isTokenCode } from './characters.ts';
import { SINGLE_MAX, type HeaderId } from './header-id.ts';
import { headerIdAt, nameHash, nameHashSeed } from './header-names.ts';

/** Of one message; the rest is not plain. */
const linesMax = 64;

/**
 * Goes through the header of a message line by line, without making anything. It takes what `scanMessage` takes, as it is
 * usually written: no folded lines, no tabs, no spaces before the colon or behind the value.
 */
export class HeaderLines {
  id: HeaderId = 0;
  /** Of the line, and of the next one. */
  start = 0;
  next = 0;
  valueStart = 0;
  valueEnd = 0;
  #count = 0;
  #seen = 0;

  /** `start`: of the first line. */
  begin(start: number): void {
    this.next = start;
    this.#count = this.#seen = 0;
  }

  /** The next line is the empty one that ends the header. */
  isAtEnd(bytes: Uint8Array): boolean {
    return bytes[this.next] === 0x0d && bytes[this.next + 1] === 0x0a;
  }

  /** Reads the next line. False: not plain, or a field for the second time that may be there once. */
  read(bytes: Uint8Array): boolean {
    const end = bytes.length;
    const start = this.next;
    let at = start;
    let hash = nameHashSeed;
    let byte = bytes[at]!;
    while (at < end && isTokenCode(byte)) {
      hash = nameHash(hash, byte);
      byte = bytes[++at]!;
    }
    if (byte !== 0x3a || at === start || this.#count++ >= linesMax) return false;
    const id = headerIdAt(bytes, start, at, hash);
    at++;
    while (bytes[at] === 0x20) at++;
    const valueStart = at;
    while (at < end && (byte = bytes[at]!) !== 0x0d) {
      if (byte < 0x20) return false;
      at++;
    }
    const next = at + 2;
    if (next >= end || bytes[at + 1] !== 0x0a || bytes[next] === 0x20 || bytes[next] === 0x09) return false;
    if (at > valueStart && bytes[at - 1] === 0x20) return false;
    this.id = id;
    this.start = start;
    this.valueStart = valueStart;
    this.valueEnd = at;
    this.next = next;
    return this.#isFirst(id);
  }

  #isFirst(id: HeaderId): boolean {
    if (id <= 0 || id > SINGLE_MAX) return true;
    const bit = 1 << id;
    const isFirst = (this.#seen & bit) === 0;
    this.#seen |= bit;
    return isFirst;
  }
}
