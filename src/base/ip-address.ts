/** Reads IPv4 or IPv6 text; a zone (`%eth0`) is dropped. 4 or 16 bytes in network order, or undefined. */
export function parseIpAddress(text: string): Buffer | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** Writes 4 bytes as IPv4, 16 as IPv6 (RFC 5952), a v4-mapped IPv6 address as IPv4. Undefined for other lengths. */
export function formatIpAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  return isV4Mapped(bytes) ? bytes.subarray(12).join('.') : formatIpv6(bytes);
}

function isV4Mapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

function parseIpv4(text: string): Buffer | undefined {
  const parts = text.split('.', 5);
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return Buffer.from(parts.map(Number));
}

function parseIpv6(text: string): Buffer | undefined {
  const address = text.split('%', 1)[0]!;
  const halves = address.split('::', 3);
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // RFC 4291 §2.2: "::" stands for one group of zeros or more
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Buffer.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Bytes of `1:ab:…`; at the end of an address the last group may be dotted IPv4. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':', 9);
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const dotted = isEnd && index === groups.length - 1 ? parseIpv4(group) : undefined;
      if (dotted === undefined) return undefined;
      bytes.push(...dotted);
    }
  }
  return bytes;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let end = 0; end <= groups.length; end++) {
    if (groups[end] === '0') continue;
    if (end - start > best.length) best = { start, length: end - start };
    start = end + 1;
  }
  return best;
}
