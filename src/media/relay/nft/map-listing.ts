export interface ElementCount {
  readonly packets: number;
  readonly bytes: number;
}

const ELEMENT = /(?:^|[{,])\s*([0-9a-f.:]+(?: \. [0-9a-f.:]+)+) counter packets (\d+) bytes (\d+)/g;

/** What `nft list map` prints of elements with counters, by key. */
export function readMapListing(lines: readonly string[]): ReadonlyMap<string, ElementCount> {
  const counts = new Map<string, ElementCount>();
  for (const line of lines) {
    for (const [, key = '', packets, bytes] of line.matchAll(ELEMENT)) {
      counts.set(key, { packets: Number(packets), bytes: Number(bytes) });
    }
  }
  return counts;
}

/** What the fence holds: `elements = { 0x0000004d }`. undefined: nothing that was asked for. */
export function readFence(lines: readonly string[]): number | undefined {
  for (const line of lines) {
    const [, number] = /elements = \{ (0x[0-9a-f]+|\d+) \}/.exec(line) ?? [];
    if (number !== undefined) return Number(number);
  }
  return undefined;
}
