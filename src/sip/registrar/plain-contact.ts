import { isAt, numberAt, valueEnd } from '../message/byte-ranges.ts';
import { isTokenCode } from '../message/characters.ts';

const expires = Buffer.from('expires', 'latin1');
const instance = Buffer.from('+sip.instance', 'latin1');
const regId = Buffer.from('reg-id', 'latin1');
/** They change what the binding is: not plain. */
const others = ['q', 'pub-gruu', 'temp-gruu'].map((name) => Buffer.from(name, 'latin1'));
const maxSeconds = 2 ** 31 - 1;

/**
 * Where things are behind the URI of a plain Contact: `expires`, `+sip.instance`, `reg-id`, and what else a telephone says of
 * itself, in one piece. One for many, as it holds the offsets of one only.
 */
export class PlainContact {
  /** -1: not said. */
  expiresS = -1;
  /** Between its quotes; 0: not there. */
  instanceStart = 0;
  instanceEnd = 0;
  hasRegId = false;
  /** The parameters that are kept as they are, each with its `;`. */
  paramsStart = 0;
  paramsEnd = 0;

  reset(): void {
    this.expiresS = -1;
    this.instanceStart = this.instanceEnd = this.paramsStart = this.paramsEnd = 0;
    this.hasRegId = false;
  }

  /** From the first `;` on; false: not plain. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.reset();
    let at = start;
    while (at < end) {
      if (bytes[at] !== 0x3b) return false;
      const paramStart = at++;
      while (isTokenCode(bytes[at]!)) at++;
      const nameEnd = at;
      if (nameEnd === paramStart + 1) return false;
      let valueStart = at;
      if (bytes[at] === 0x3d) {
        valueStart = ++at;
        at = valueEnd(bytes, at, end);
        if (at <= valueStart) return false;
      }
      if (!this.#take(bytes, paramStart, nameEnd, valueStart, at)) return false;
    }
    return at === end;
  }

  #take(bytes: Uint8Array, paramStart: number, nameEnd: number, valueStart: number, end: number): boolean {
    const nameStart = paramStart + 1;
    if (isNamed(bytes, nameStart, nameEnd, expires)) {
      if (this.expiresS >= 0) return false;
      this.expiresS = numberAt(bytes, valueStart, end, maxSeconds);
      return this.expiresS >= 0;
    }
    if (isNamed(bytes, nameStart, nameEnd, instance)) {
      if (this.instanceStart > 0 || bytes[valueStart] !== 0x22) return false;
      this.instanceStart = valueStart + 1;
      this.instanceEnd = end - 1;
      return this.instanceEnd > this.instanceStart;
    }
    if (isNamed(bytes, nameStart, nameEnd, regId)) {
      const isFirst = !this.hasRegId;
      this.hasRegId = true;
      return isFirst;
    }
    for (const name of others) if (isNamed(bytes, nameStart, nameEnd, name)) return false;
    if (this.paramsEnd === 0) this.paramsStart = paramStart;
    else if (this.paramsEnd !== paramStart) return false;
    this.paramsEnd = end;
    return true;
  }
}

/** In any case. `name` in lower case. */
function isNamed(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  if (isAt(bytes, start, name)) return true;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== name[i]) return false;
  }
  return true;
}
