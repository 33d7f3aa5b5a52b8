/** The Internet checksum (RFC 1071) before its complement: the 16-bit words of buf[from, to), added to `sum`. */
export function addWords(buf: Buffer, from: number, to: number, sum: number): number {
  const even = from + ((to - from) & ~1);
  let total = sum;
  for (let at = from; at < even; at += 2) total += (buf[at]! << 8) | buf[at + 1]!;
  return even < to ? total + (buf[even]! << 8) : total;
}

/** A sum of at most some 100,000 words, folded to 16 bits and complemented. */
export function complement(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/**
 * Finishes a checksum that the sender left to its network card: the field holds the sum of the pseudo header
 * (<linux/virtio_net.h>, VIRTIO_NET_HDR_F_NEEDS_CSUM). `start` and `field` are offsets in `buf`.
 */
export function finishChecksum(buf: Buffer, start: number, field: number, to: number): void {
  const sum = complement(addWords(buf, start, to, 0));
  // RFC 768: a UDP checksum of 0 would mean that there is none; for TCP both are the same.
  buf.writeUInt16BE(sum === 0 ? 0xffff : sum, field);
}
