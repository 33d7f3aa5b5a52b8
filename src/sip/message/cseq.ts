import { parseDecimal, skipSpaces } from './characters.ts';
import { messageLimits } from './limits.ts';
import { Malformed } from './malformed.ts';
import { methodAt } from './methods.ts';

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** RFC 3261 §20.16; between `start` and `end` are no spaces outside. */
export function parseCSeq(text: string, start: number, end: number): CSeq | Malformed {
  let numberEnd = start;
  while (numberEnd < end && text.charCodeAt(numberEnd) !== 0x20 && text.charCodeAt(numberEnd) !== 0x09) numberEnd++;
  const number = parseDecimal(text, start, numberEnd);
  if (number < 0 || number > messageLimits.maxCSeq) return new Malformed('a bad number in CSeq', start);
  const methodStart = skipSpaces(text, numberEnd, end);
  if (methodStart >= end) return new Malformed('CSeq without a method', end);
  return { number, method: methodAt(text, methodStart, end) };
}
