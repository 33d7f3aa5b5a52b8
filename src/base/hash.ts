import { createHash, createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What a hash is taken over: bytes, or text as UTF-8. */
export type HashInput = Uint8Array | string;

const BLOCK_BYTES = 64;

export function sha1(...parts: readonly HashInput[]): Buffer {
  return digest('sha1', parts);
}

export function sha256(...parts: readonly HashInput[]): Buffer {
  return digest('sha256', parts);
}

/** SHA-256 of what comes piece by piece. */
export class RunningSha256 {
  readonly #hash = createHash('sha256');

  add(part: HashInput): void {
    this.#hash.update(part);
  }

  finish(): Buffer {
    return this.#hash.digest();
  }
}

export function md5(...parts: readonly HashInput[]): Buffer {
  return digest('md5', parts);
}

/** RFC 2104. */
export function hmacSha256(key: Uint8Array, ...parts: readonly HashInput[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** RFC 5869, extract and expand. */
export function hkdfSha256(key: Uint8Array, salt: HashInput, info: HashInput, lengthBytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, lengthBytes));
}

function digest(algorithm: string, parts: readonly HashInput[]): Buffer {
  const [only] = parts;
  // A third of the time of what follows
  if (only !== undefined && parts.length === 1) return hash(algorithm, only, 'buffer');
  const running = createHash(algorithm);
  for (const part of parts) running.update(part);
  return running.digest();
}

/** Hashes that HTTP digest authentication names (RFC 8760), by the names of the runtime. */
export type DigestHash = 'md5' | 'sha256' | 'sha512-256';

/** Lower-case hex of the hash of something short, text as UTF-8: one call into the runtime, a third of the time of the others here. */
export function hashHex(name: DigestHash, input: HashInput): string {
  return hash(name, input, 'hex');
}

/** One character for each byte: half as long as hex, and as cheap to compare. */
export function hashBinary(name: DigestHash, input: HashInput): string {
  return hash(name, input, 'binary');
}

/** As `equalConstantTime`, for text such as hashes in hex. */
export function equalTextConstantTime(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let at = 0; at < a.length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}

/** Compares secrets in a time that depends on the lengths only. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * SHA-0 (FIPS 180, 1993), 20 bytes. SoftEther's passwords rest on it and no current library has it:
 * it is SHA-1 without the rotation in the message schedule.
 */
export function sha0(...parts: readonly HashInput[]): Buffer {
  const message = padded(parts, 'big');
  const w = new Int32Array(80);
  let h0 = 0x67452301;
  let h1 = 0xefcdab89 | 0;
  let h2 = 0x98badcfe | 0;
  let h3 = 0x10325476;
  let h4 = 0xc3d2e1f0 | 0;
  for (let block = 0; block < message.length; block += BLOCK_BYTES) {
    for (let t = 0; t < 16; t++) w[t] = message.readInt32BE(block + 4 * t);
    for (let t = 16; t < 80; t++) w[t] = w[t - 3]! ^ w[t - 8]! ^ w[t - 14]! ^ w[t - 16]!;
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let t = 0; t < 80; t++) {
      let f: number;
      if (t < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
      else if (t < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
      else if (t < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
      else f = (b ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + f + e + w[t]!) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }
  const out = Buffer.allocUnsafe(20);
  out.writeInt32BE(h0, 0);
  out.writeInt32BE(h1, 4);
  out.writeInt32BE(h2, 8);
  out.writeInt32BE(h3, 12);
  out.writeInt32BE(h4, 16);
  return out;
}

/** RFC 1320 §3.4: the order in which a round takes the words of a block. */
const MD4_ORDER = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
] as const;
const MD4_SHIFTS = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
] as const;

/** MD4 (RFC 1320), 16 bytes: NT password hashes. Current OpenSSL no longer offers it. */
export function md4(...parts: readonly HashInput[]): Buffer {
  const message = padded(parts, 'little');
  let state: [number, number, number, number] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let block = 0; block < message.length; block += BLOCK_BYTES) {
    let [a, b, c, d] = state;
    for (let round = 0; round < 3; round++) {
      for (let step = 0; step < 16; step++) {
        const mixed = (a + md4Function(round, b, c, d) + message.readInt32LE(block + 4 * MD4_ORDER[round]![step]!)) | 0;
        const shift = MD4_SHIFTS[round]![step % 4]!;
        a = d;
        d = c;
        c = b;
        b = (mixed << shift) | (mixed >>> (32 - shift));
      }
    }
    state = [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
  }
  const out = Buffer.allocUnsafe(16);
  state.forEach((word, index) => out.writeInt32LE(word, 4 * index));
  return out;
}

function md4Function(round: number, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  if (round === 1) return ((x & y) | (x & z) | (y & z)) + 0x5a827999;
  return (x ^ y ^ z) + 0x6ed9eba1;
}

/** The parts, then 0x80, zeros, and the length in bits as u64, to a multiple of 64 bytes. */
function padded(parts: readonly HashInput[], endian: 'big' | 'little'): Buffer {
  const chunks = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part));
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const message = Buffer.alloc(Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  let offset = 0;
  for (const chunk of chunks) {
    message.set(chunk, offset);
    offset += chunk.length;
  }
  message[length] = 0x80;
  const bits = BigInt(length) * 8n;
  if (endian === 'big') message.writeBigUInt64BE(bits, message.length - 8);
  else message.writeBigUInt64LE(bits, message.length - 8);
  return message;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
