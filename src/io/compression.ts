/** RFC 1950 (zlib) over small, independent units, as the compressed data stream of SoftEther carries frames. */
export interface Compression {
  /** Begins with 78 9C, as the original's. */
  deflate(bytes: Buffer): Buffer;
  /** undefined: not zlib, cut short, or more than `maxBytes` when inflated. */
  inflate(bytes: Buffer, maxBytes: number): Buffer | undefined;
}
