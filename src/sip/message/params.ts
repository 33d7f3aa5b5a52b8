import { isParamValueCode, isTokenCode, skipQuoted, skipSpaces, unquote } from './characters.ts';

/**
 * Walks `;name=value` parameters. Stops before a comma, which ends the element of a list. After `next()` is true,
 * the offsets are those of one parameter; `valueStart` is -1 where there is no "=".
 */
export class ParamCursor {
  readonly text: string;
  readonly end: number;
  at: number;
  nameStart = 0;
  nameEnd = 0;
  valueStart = -1;
  valueEnd = -1;
  /** After `next()` was false: what is not as it must be, at `at`. */
  flaw: string | undefined = undefined;

  constructor(text: string, start: number, end: number) {
    this.text = text;
    this.at = start;
    this.end = end;
  }

  next(): boolean {
    const { text, end } = this;
    let at = skipSpaces(text, this.at, end);
    this.at = at;
    if (at >= end) return false;
    const separator = text.charCodeAt(at);
    if (separator === 0x2c) return false;
    if (separator !== 0x3b) return this.#fail('text that is no parameter', at);
    at = skipSpaces(text, at + 1, end);
    this.nameStart = at;
    while (at < end && isTokenCode(text.charCodeAt(at))) at++;
    if (at === this.nameStart) return this.#fail('an empty parameter', at);
    this.nameEnd = at;
    at = skipSpaces(text, at, end);
    if (at >= end || text.charCodeAt(at) !== 0x3d) {
      this.valueStart = this.valueEnd = -1;
      this.at = at;
      return true;
    }
    return this.#value(skipSpaces(text, at + 1, end));
  }

  #value(start: number): boolean {
    const { text, end } = this;
    let at = start;
    this.valueStart = at;
    if (text.charCodeAt(at) === 0x22 && at < end) {
      at = skipQuoted(text, at, end);
      if (at < 0) return this.#fail('a quoted string without its end', start);
    } else {
      while (at < end && isParamValueCode(text.charCodeAt(at))) at++;
    }
    this.valueEnd = at;
    this.at = at;
    return true;
  }

  #fail(flaw: string, at: number): false {
    this.flaw = flaw;
    this.at = at;
    return false;
  }

  /** Is this its name? `name` in lower case. */
  isNamed(name: string): boolean {
    const { text, nameStart } = this;
    const length = name.length;
    if (this.nameEnd - nameStart !== length) return false;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(nameStart + i);
      if (code !== name.charCodeAt(i) && lower(code) !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  get name(): string {
    return this.text.slice(this.nameStart, this.nameEnd).toLowerCase();
  }

  /** As written, with quotes; empty for a parameter without "=". */
  get rawValue(): string {
    return this.valueStart < 0 ? '' : this.text.slice(this.valueStart, this.valueEnd);
  }
}

const lower = (code: number): number => (code >= 0x41 && code <= 0x5a ? code | 0x20 : code);

/** The value of a parameter, without quotes; empty for one without "="; undefined where it is not there. */
export function findParam(text: string, start: number, end: number, name: string): string | undefined {
  const cursor = new ParamCursor(text, start, end);
  while (cursor.next()) if (cursor.isNamed(name)) return unquote(cursor.rawValue);
  return undefined;
}

/** All of them, names in lower case, values without quotes, in order. */
export function listParams(text: string, start: number, end: number): (readonly [name: string, value: string])[] {
  const found: (readonly [string, string])[] = [];
  const cursor = new ParamCursor(text, start, end);
  while (cursor.next()) found.push([cursor.name, unquote(cursor.rawValue)]);
  return found;
}
