/** A full table gives up this part of its entries at once. */
const share = 64;

/**
 * Makes room in a table that is full: takes out its oldest entries, a sixty-fourth of them, one at least, and gives each to
 * `forgotten`. One alone, each time, is slow in V8: the places of those that have left stay in the table until it is laid out
 * anew, and whoever looks for the first entry passes by all of them.
 */
export function forgetOldest<K, V>(table: Map<K, V>, forgotten?: (value: V, key: K) => void): void {
  let left = Math.ceil(table.size / share);
  for (const [key, value] of table) {
    if (left-- <= 0) return;
    table.delete(key);
    forgotten?.(value, key);
  }
}
