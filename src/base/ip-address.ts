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

/** Whether `parseIpAddress` reads it; of IPv4, which is most, without making anything. */
export function isIpAddress(text: string): boolean {
  return text.includes(':') ? parseIpv6(text) !== undefined : ipv4Value(text) >= 0;
}

function parseIpv4(text: string): Buffer | undefined {
  const value = ipv4Value(text);
  if (value < 0) return undefined;
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/** The four bytes as a number; -1: not four numbers below 256 without leading zeros. */
function ipv4Value(text: string): number {
  const { length } = text;
  if (length < 7 || length > 15) return -1;
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) {
      if (part === 0) return -1;
      part = (part < 0 ? 0 : part * 10) + (code - 0x30);
      if (part > 255) return -1;
    } else {
      if (code !== 0x2e || part < 0 || ++dots > 3) return -1;
      value = value * 256 + part;
      part = -1;
    }
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1;
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
