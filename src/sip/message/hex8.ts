/** Of a byte: a table of more would save two joins, but hardly ever be where the processor has it at hand. */
const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Eight hex digits of 32 bits. */
export function hex8(value: number): string {
  return HEX[value >>> 24]! + HEX[(value >>> 16) & 0xff]! + HEX[(value >>> 8) & 0xff]! + HEX[value & 0xff]!;
}

/** The same as bytes, from `at` on. */
export function writeHex8(value: number, bytes: Uint8Array, at: number): void {
  for (let digit = 0; digit < 8; digit++) {
    const half = (value >>> (28 - 4 * digit)) & 0xf;
    bytes[at + digit] = half < 10 ? 0x30 + half : 0x57 + half;
  }
}

/** The number that `hex8` wrote at `start`; -1 if there are not eight lower-case hex digits. */
export function parseHex8(text: string, start: number): number {
  if (text.length < start + 8) return -1;
  let value = 0;
  for (let at = start; at < start + 8; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) value = (value << 4) | (code - 0x30);
    else if (code >= 0x61 && code <= 0x66) value = (value << 4) | (code - 0x57);
    else return -1;
  }
  return value >>> 0;
}

/** As `parseHex8`, of bytes. */
export function hex8At(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start; at < start + 8; at++) {
    const code = bytes[at]!;
    if (code >= 0x30 && code <= 0x39) value = (value << 4) | (code - 0x30);
    else if (code >= 0x61 && code <= 0x66) value = (value << 4) | (code - 0x57);
    else return -1;
  }
  return value >>> 0;
}
