import { isAt, isRange, numberAt } from './byte-ranges.ts';
import { isDigitCode, isHostCode, isParamValueCode, isTokenCode } from './characters.ts';
import { HeaderId } from './header-id.ts';
import { HeaderLines } from './header-lines.ts';
import { messageLimits } from './limits.ts';
import { methodAt } from './methods.ts';

const begin = Buffer.from('SIP/2.0 ', 'latin1');
const protocol = Buffer.from('SIP/2.0/', 'latin1');
const invite = Buffer.from('INVITE', 'latin1');
const branch = Buffer.from('branch', 'latin1');
const statusEnd = begin.length + 3;
/** Larger ones are not plain. Below the limit of a header field, so that none can be too long. */
const plainMaxBytes = 8_192;
const portMax = 65_535;

const found = { via: 1, from: 2, to: 4, callId: 8, cseq: 16, contentLength: 32 };
const whole = 63;

/**
 * Where things are in a response, as nearly all are written, read in one pass over its bytes: enough to find its transaction and
 * to forward it. Whatever is not as expected is not plain: this takes less than `decodeFully`, and never anything else.
 */
export class ResponsePlaces {
  status = 0;
  /** Of the start line, without its CR LF. */
  startLineEnd = 0;
  /** Of the topmost Via. */
  branchStart = 0;
  branchEnd = 0;
  /** What has to go so that the topmost Via is gone: its line, or its part of it. */
  cutStart = 0;
  cutEnd = 0;
  /** The value of To. */
  toStart = 0;
  toEnd = 0;
  cseq = 0;
  method = '';
  bodyStart = 0;
  #found = 0;
  #contentLength = -1;

  /** undefined: not plain, or no response. */
  static read(bytes: Buffer): ResponsePlaces | undefined {
    if (bytes.length > plainMaxBytes || !isAt(bytes, 0, begin)) return undefined;
    const status = numberAt(bytes, begin.length, statusEnd, 699);
    if (status < 100 || bytes[statusEnd] !== 0x20) return undefined;
    const places = new ResponsePlaces();
    places.status = status;
    return places.#readLines(bytes) ? places : undefined;
  }

  #readLines(bytes: Buffer): boolean {
    let at = statusEnd;
    while (at < bytes.length && bytes[at]! >= 0x20) at++;
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) return false;
    this.startLineEnd = at;
    const lines = new HeaderLines();
    lines.begin(at + 2);
    while (!lines.isAtEnd(bytes)) if (!lines.read(bytes) || !this.#line(bytes, lines)) return false;
    this.bodyStart = lines.next + 2;
    return this.#found === whole && this.#contentLength === bytes.length - this.bodyStart;
  }

  #line(bytes: Buffer, lines: HeaderLines): boolean {
    const { valueStart: start, valueEnd: end } = lines;
    switch (lines.id) {
      case HeaderId.Via:
        return (this.#found & found.via) !== 0 || this.#via(bytes, lines);
      case HeaderId.From:
        this.#found |= found.from;
        return true;
      case HeaderId.To:
        this.toStart = start;
        this.toEnd = end;
        this.#found |= found.to;
        return true;
      case HeaderId.CallId:
        this.#found |= found.callId;
        return end > start;
      case HeaderId.CSeq:
        this.#found |= found.cseq;
        return this.#cseq(bytes, start, end);
      case HeaderId.ContentLength:
        this.#contentLength = numberAt(bytes, start, end, plainMaxBytes);
        this.#found |= found.contentLength;
        return true;
      default:
        return true;
    }
  }

  #cseq(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    while (isDigitCode(bytes[at]!)) at++;
    this.cseq = numberAt(bytes, start, at, messageLimits.maxCSeq);
    if (this.cseq < 0 || bytes[at++] !== 0x20) return false;
    if (isRange(bytes, at, end, invite)) {
      this.method = 'INVITE';
      return true;
    }
    for (let i = at; i < end; i++) if (!isTokenCode(bytes[i]!)) return false;
    this.method = methodAt(bytes.toString('latin1', at, end), 0, end - at);
    return end > at;
  }

  /** `SIP/2.0/UDP host:port;branch=…`, and perhaps more parameters, and perhaps another Via behind a comma. */
  #via(bytes: Buffer, { start: lineStart, valueStart, valueEnd: end, next }: HeaderLines): boolean {
    if (!isAt(bytes, valueStart, protocol)) return false;
    const transportStart = valueStart + protocol.length;
    let at = transportStart;
    while (isTokenCode(bytes[at]!)) at++;
    if (at === transportStart || bytes[at++] !== 0x20) return false;
    const hostStart = at;
    while (isHostCode(bytes[at]!)) at++;
    if (at === hostStart) return false;
    if (bytes[at] === 0x3a) {
      const portStart = ++at;
      while (isDigitCode(bytes[at]!)) at++;
      if (numberAt(bytes, portStart, at, portMax) < 1) return false;
    }
    while (at < end && bytes[at] === 0x3b) if ((at = this.#param(bytes, at + 1, end)) < 0) return false;
    if (this.branchEnd === this.branchStart) return false;
    this.#found |= found.via;
    if (at === end) {
      this.cutStart = lineStart;
      this.cutEnd = next;
      return true;
    }
    if (bytes[at++] !== 0x2c) return false;
    while (bytes[at] === 0x20) at++;
    this.cutStart = valueStart;
    this.cutEnd = at;
    // What begins the next one is text for everybody, and no kind of space.
    return at < end && bytes[at]! > 0x20 && bytes[at]! < 0x7f;
  }

  /** Where the parameter at `start` ends; -1: not plain. */
  #param(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && isTokenCode(bytes[at]!)) at++;
    const nameEnd = at;
    if (nameEnd === start) return -1;
    if (at < end && bytes[at] === 0x3d) {
      at++;
      while (at < end && isParamValueCode(bytes[at]!)) at++;
    }
    if (nameEnd - start !== branch.length || (bytes[start]! | 0x20) !== 0x62) return at;
    // A parameter with another spelling of this name would count as the branch, too.
    if (!isAt(bytes, start, branch) || this.branchEnd > 0 || at === nameEnd) return -1;
    this.branchStart = nameEnd + 1;
    this.branchEnd = at;
    return at;
  }
}
