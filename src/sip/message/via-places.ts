import { isAt, numberAt, portEnd } from './byte-ranges.ts';
import { isHostCode, isParamValueCode, isTokenCode } from './characters.ts';

const protocol = Buffer.from('SIP/2.0/UDP ', 'latin1');
const branch = Buffer.from('branch', 'latin1');
const rport = Buffer.from('rport', 'latin1');
const received = Buffer.from('received', 'latin1');
const cookie = Buffer.from('z9hG4bK', 'latin1');
const portMax = 65_535;

/**
 * Where things are in a line with one Via by UDP, as it is usually written: no spaces, a branch of RFC 3261, no parameters but
 * `rport` and `received`, the host in lower case. All else is left to `parseVia`. One for many, as it holds the offsets of one only.
 */
export class ViaPlaces {
  start = 0;
  end = 0;
  hostStart = 0;
  hostEnd = 0;
  /** 0: not said. */
  port = 0;
  branchStart = 0;
  branchEnd = 0;
  /** Where the parameter begins, with its `;`; 0: it is not there. */
  rportStart = 0;
  /** 0: it says nothing. */
  rport = 0;
  /** Of its value; 0: it is not there. */
  receivedStart = 0;
  receivedEnd = 0;

  /** False: not plain. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (!isAt(bytes, start, protocol)) return false;
    this.start = start;
    this.end = end;
    this.branchStart = this.branchEnd = this.rportStart = this.rport = this.receivedStart = this.receivedEnd = 0;
    let at = (this.hostStart = start + protocol.length);
    while (isHostCode(bytes[at]!) && !isUpperCase(bytes[at]!)) at++;
    this.hostEnd = at;
    this.port = 0;
    if (at === this.hostStart) return false;
    if ((at = portEnd(bytes, at)) < 0) return false;
    if (at > this.hostEnd) this.port = numberAt(bytes, this.hostEnd + 1, at, portMax);
    while (at < end) if ((at = this.#param(bytes, at, end)) < 0) return false;
    return this.branchEnd - this.branchStart > cookie.length && isAt(bytes, this.branchStart, cookie);
  }

  /** Where it ends; -1: not plain. */
  #param(bytes: Uint8Array, start: number, end: number): number {
    if (bytes[start] !== 0x3b) return -1;
    const nameStart = start + 1;
    let at = nameStart;
    while (at < end && isTokenCode(bytes[at]!)) at++;
    const nameEnd = at;
    const valueStart = bytes[at] === 0x3d && at < end ? ++at : 0;
    if (valueStart > 0) while (at < end && isParamValueCode(bytes[at]!)) at++;
    if (at === valueStart) return -1;
    if (isNamed(bytes, nameStart, nameEnd, branch)) {
      if (this.branchEnd > 0 || valueStart === 0) return -1;
      this.branchStart = valueStart;
      this.branchEnd = at;
      return at;
    }
    if (isNamed(bytes, nameStart, nameEnd, rport)) {
      if (this.rportStart > 0) return -1;
      this.rportStart = start;
      this.rport = valueStart === 0 ? 0 : numberAt(bytes, valueStart, at, portMax);
      return valueStart > 0 && this.rport < 1 ? -1 : at;
    }
    if (!isNamed(bytes, nameStart, nameEnd, received) || this.receivedEnd > 0 || valueStart === 0) return -1;
    this.receivedStart = valueStart;
    this.receivedEnd = at;
    return at;
  }
}

const isUpperCase = (code: number): boolean => code >= 0x41 && code <= 0x5a;

const isNamed = (bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean =>
  end - start === name.length && isAt(bytes, start, name);
