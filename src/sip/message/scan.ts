import { isTokenCode } from './characters.ts';
import { SINGLE_MAX, type HeaderId } from './header-id.ts';
import { headerIdAt, nameHash, nameHashSeed } from './header-names.ts';
import { messageLimits } from './limits.ts';
import { Malformed } from './malformed.ts';

/** Numbers for each header field in `Scan.fields`: its id, where its line starts, where its value starts (after the colon). */
export const FIELD_STRIDE = 3;
/** Enough for most messages without growing. */
const FIELDS_EXPECTED = 16;
/** Up to here the text of the whole message is made; above, that of its head. */
const WHOLE_TEXT_BYTES = 4096;

/** Undefined for what has no start line. */
export function scanMessage(bytes: Buffer): Scan | undefined {
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  const head = headText(bytes, start);
  const lineEnd = head.indexOf('\n', start);
  if (lineEnd < start + 2 || bytes[lineEnd - 1] !== 0x0d) return undefined;
  return new Scan(bytes, head, start, lineEnd);
}

function headText(bytes: Buffer, start: number): string {
  if (bytes.length <= WHOLE_TEXT_BYTES) return bytes.toString('latin1');
  const end = bytes.indexOf('\r\n\r\n', start, 'latin1');
  const length = end < 0 ? bytes.length : end + 4;
  return bytes.toString('latin1', 0, Math.min(length, start + messageLimits.headMaxBytes));
}

/** Where things are in a message. One pass, offsets only. */
export class Scan {
  /** Start line and header, one character for each byte; what follows it is body. */
  readonly head: string;
  /** `head` with spaces in place of the line ends inside folded fields: the same offsets, one line each. */
  readonly text: string;
  /** Where the start line begins (RFC 3261 §7.5: empty lines before it are skipped) and ends. */
  readonly start: number;
  readonly startLineEnd: number;
  readonly bodyStart: number;
  readonly #fields: number[] = new Array<number>(FIELDS_EXPECTED * FIELD_STRIDE + 2);
  #count = 0;
  #seen = 0;
  #isFolded = false;
  #flaw: Malformed | undefined = undefined;

  constructor(bytes: Buffer, head: string, start: number, lineEnd: number) {
    this.head = head;
    this.start = start;
    this.startLineEnd = lineEnd - 1;
    const end = head.length;
    let at = lineEnd + 1;
    while (at < end && !(bytes[at] === 0x0d && bytes[at + 1] === 0x0a)) at = this.#field(bytes, at, end);
    if (at >= end) this.#bad('the header does not end', end);
    this.#fields[this.#count * FIELD_STRIDE + 1] = Math.min(at, end);
    // CR LF before a space or tab is only ever a fold within the header: elsewhere it would be no line of its own.
    this.text = this.#isFolded ? head.replace(/\r\n(?=[ \t])/g, '  ') : head;
    this.bodyStart = Math.min(at + 2, bytes.length);
  }

  /** See `FIELD_STRIDE`. After the last field stands one more start: that of the empty line. */
  get fields(): readonly number[] {
    return this.#fields;
  }

  get fieldCount(): number {
    return this.#count;
  }

  /** The first thing that is wrong in the header. Lines that could be read are in `fields` nevertheless. */
  get flaw(): Malformed | undefined {
    return this.#flaw;
  }

  /** Takes the field at `start`; returns where the next line starts. */
  #field(bytes: Buffer, start: number, end: number): number {
    let at = start;
    let hash = nameHashSeed;
    let byte = bytes[at]!;
    while (isTokenCode(byte)) {
      hash = nameHash(hash, byte);
      byte = bytes[++at]!;
    }
    const nameEnd = at;
    while (byte === 0x20 || byte === 0x09) byte = bytes[++at]!;
    const next = this.#lineAfter(bytes, at, end);
    if (byte !== 0x3a || nameEnd === start || at >= end) this.#bad('a header line without a name and a colon', start);
    else if (next - start > messageLimits.fieldMaxBytes) this.#bad('a header field that is too long', start);
    else if (this.#count >= messageLimits.maxHeaderFields) this.#bad('too many header fields', start);
    else this.#add(headerIdAt(bytes, start, nameEnd, hash), start, at + 1);
    return next;
  }

  #add(id: HeaderId, start: number, valueStart: number): void {
    if (id <= SINGLE_MAX && id > 0) {
      if ((this.#seen & (1 << id)) !== 0) this.#bad('a header field that may be there once only', start);
      this.#seen |= 1 << id;
    }
    const index = this.#count++ * FIELD_STRIDE;
    const fields = this.#fields;
    fields[index] = id;
    fields[index + 1] = start;
    fields[index + 2] = valueStart;
  }

  /** Where the line after that at `at` starts; lines that begin with a space or tab belong to it (RFC 3261 §7.3.1). */
  #lineAfter(bytes: Buffer, at: number, end: number): number {
    const { head } = this;
    let from = at;
    for (;;) {
      const lineFeed = head.indexOf('\n', from);
      if (lineFeed < 0) return end + 1;
      // A lone CR or LF ends a line for some programs and not for others: whoever reads it otherwise sees other fields.
      if (head.indexOf('\r', from) !== lineFeed - 1) this.#bad('a line end that is not CR LF', lineFeed);
      from = lineFeed + 1;
      const next = bytes[from];
      if (next !== 0x20 && next !== 0x09) return from;
      this.#isFolded = true;
    }
  }

  #bad(reason: string, offset: number): void {
    this.#flaw ??= new Malformed(reason, offset);
  }
}
