import { parseSipUri } from '../message/sip-uri.ts';
import { sameUri } from '../message/uri-compare.ts';

/** RFC 3261 §19.1.4; URIs of other schemes are the same when their text is. */
export function sameContactUri(a: string, b: string): boolean {
  if (a === b) return true;
  const left = parseSipUri(a);
  const right = left && parseSipUri(b);
  return left !== undefined && right !== undefined && sameUri(left, right);
}
