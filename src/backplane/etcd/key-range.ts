/** Keys from `key` up to, not including, `rangeEnd`. A `rangeEnd` of one zero byte = to the end. */
export interface KeyRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const zero = Buffer.from([0]);

/** All keys that start with `prefix`; the empty prefix = all keys. */
export function prefixRange(prefix: string): KeyRange {
  if (prefix === '') return { key: zero, rangeEnd: zero };
  const key = Buffer.from(prefix);
  const rangeEnd = Buffer.from(key);
  // No byte of UTF-8 is 0xff: there is no carry.
  rangeEnd[rangeEnd.length - 1] = rangeEnd.at(-1)! + 1;
  return { key, rangeEnd };
}

/** The key that follows `key` directly. */
export function after(key: Uint8Array): Buffer {
  return Buffer.concat([key, zero]);
}

/** `range` without `keys`, which lie in it: the pieces between them. */
export function without(range: KeyRange, keys: readonly Buffer[]): KeyRange[] {
  const pieces: KeyRange[] = [];
  let start: Uint8Array = range.key;
  for (const key of keys.toSorted((a, b) => Buffer.compare(a, b))) {
    if (Buffer.compare(start, key) < 0) pieces.push({ key: start, rangeEnd: key });
    start = after(key);
  }
  pieces.push({ key: start, rangeEnd: range.rangeEnd });
  return pieces;
}
