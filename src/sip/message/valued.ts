import { isParamValueCode, skipSpaces } from './characters.ts';
import { Malformed } from './malformed.ts';
import { findParam, listParams, ParamCursor } from './params.ts';

/** A value with parameters, as in Event, Content-Type, Session-Expires, Reason, Replaces, Identity. */
export class Valued {
  /** As written. */
  readonly value: string;
  readonly #text: string;
  readonly #paramsStart: number;
  readonly #end: number;

  constructor(value: string, text: string, paramsStart: number, end: number) {
    this.value = value;
    this.#text = text;
    this.#paramsStart = paramsStart;
    this.#end = end;
  }

  /** Name in lower case. Without quotes; empty for one without "=", undefined where it is not there. */
  param(name: string): string | undefined {
    return findParam(this.#text, this.#paramsStart, this.#end, name);
  }

  params(): (readonly [name: string, value: string])[] {
    return listParams(this.#text, this.#paramsStart, this.#end);
  }
}

/** `value;param=…`; the value has no spaces in it, but for those around the "/" of a media type. */
export function parseValued(text: string, start = 0, end = text.length): Valued | Malformed {
  const from = skipSpaces(text, start, end);
  let at = from;
  while (at < end && isParamValueCode(text.charCodeAt(at))) at++;
  const slash = skipSpaces(text, at, end);
  let value = text.slice(from, at);
  if (text.charCodeAt(slash) === 0x2f && slash > at && slash < end) {
    at = slash + 1;
    value += '/';
  }
  if (value.endsWith('/')) {
    const rest = skipSpaces(text, at, end);
    at = rest;
    while (at < end && isParamValueCode(text.charCodeAt(at))) at++;
    value += text.slice(rest, at);
  }
  if (value === '') return new Malformed('no value', from);
  const cursor = new ParamCursor(text, at, end);
  while (cursor.next());
  if (cursor.flaw !== undefined || cursor.at < end)
    return new Malformed(cursor.flaw ?? 'more than one value', cursor.at);
  return new Valued(value, text, at, end);
}
