import type { Random } from '#io';
import { equalConstantTime, hkdfSha256, hmacSha256, sha256 } from '#base';
import { p256 } from '@noble/curves/nist.js';

/**
 * SPAKE2 (RFC 9382), P-256 with SHA-256, HKDF and HMAC: both sides prove that they know the same secret, and who only
 * listens, or plays one side, learns nothing with which secrets could be tried without asking again.
 */
export interface Spake2Setup {
  /** A sends the first confirmation. */
  readonly role: 'A' | 'B';
  readonly identityA: string;
  readonly identityB: string;
  /** What both know, as a number: `secretScalar`. */
  readonly w: bigint;
  readonly random: Random;
}

export interface Spake2Result {
  /** To be sent to the other side: proves that this one knows the secret. */
  readonly confirmation: Buffer;
  /** Whether the other side's confirmation proves the same. */
  isConfirmedBy(confirmation: Uint8Array): boolean;
}

/** An uncompressed point of P-256. */
export const SHARE_BYTES = 65;
export const CONFIRMATION_BYTES = 32;

const { Point } = p256;
type Point = InstanceType<typeof Point>;
const order = Point.Fn.ORDER;
/** A table of multiples is made at the first use: a quarter of the time afterwards. */
const tableBits = 8;
/** RFC 9382 §6: points whose discrete logarithms nobody knows. */
const M = Point.fromHex('02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f').precompute(tableBits);
const N = Point.fromHex('03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49').precompute(tableBits);
const SCALAR_BYTES = 32;
/** 128 bits more than the order has: what the remainder favours cannot be noticed. */
const WIDE_BYTES = 48;
const HALF_HASH = 16;

/**
 * The number that stands for a secret. Not a slow hash on purpose: what is protected from guessing is the exchange itself,
 * and who has stolen the secret's hash from a server needs no guess.
 */
export function secretScalar(secret: Uint8Array, purpose: string): bigint {
  return scalarOf(hkdfSha256(secret, '', purpose, WIDE_BYTES));
}

/** One run: used once, for one connection. */
export class Spake2 {
  readonly #setup: Spake2Setup;
  readonly #x: bigint;
  /** To be sent to the other side. */
  readonly share: Buffer;

  constructor(setup: Spake2Setup) {
    this.#setup = setup;
    this.#x = scalarOf(setup.random.bytes(WIDE_BYTES));
    const mask = (setup.role === 'A' ? M : N).multiply(setup.w);
    this.share = Buffer.from(Point.BASE.multiply(this.#x).add(mask).toBytes(false));
  }

  /**
   * `binding`: what both must see the same way for the confirmations to fit (RFC 9382: AAD). Undefined: the other's
   * share is no point of the curve.
   */
  finish(otherShare: Uint8Array, binding: Uint8Array): Spake2Result | undefined {
    const { role, identityA, identityB, w } = this.#setup;
    const other = readPoint(otherShare);
    const unmasked = other?.subtract((role === 'A' ? N : M).multiply(w));
    if (unmasked === undefined || unmasked.is0()) return undefined;
    const shared = unmasked.multiply(this.#x);
    const [shareA, shareB] = role === 'A' ? [this.share, otherShare] : [otherShare, this.share];
    const transcript = Buffer.concat([
      ...withLength(Buffer.from(identityA)),
      ...withLength(Buffer.from(identityB)),
      ...withLength(shareA),
      ...withLength(shareB),
      ...withLength(shared.toBytes(false)),
      ...withLength(Buffer.from(w.toString(16).padStart(2 * SCALAR_BYTES, '0'), 'hex')),
    ]);
    const confirmationKey = sha256(transcript).subarray(HALF_HASH);
    const info = Buffer.concat([Buffer.from('ConfirmationKeys'), binding]);
    const keys = hkdfSha256(confirmationKey, '', info, 2 * HALF_HASH);
    const ofA = hmacSha256(keys.subarray(0, HALF_HASH), transcript);
    const ofB = hmacSha256(keys.subarray(HALF_HASH), transcript);
    const [own, expected] = role === 'A' ? [ofA, ofB] : [ofB, ofA];
    return { confirmation: own, isConfirmedBy: (confirmation) => equalConstantTime(confirmation, expected) };
  }
}

/** From 1 to the order − 1. */
function scalarOf(wide: Uint8Array): bigint {
  return (BigInt(`0x${Buffer.from(wide).toString('hex')}`) % (order - 1n)) + 1n;
}

/** The curve has cofactor 1, so that a point on it is a point of the group. */
function readPoint(bytes: Uint8Array): Point | undefined {
  if (bytes.length !== SHARE_BYTES || bytes[0] !== 4) return undefined;
  try {
    const point = Point.fromBytes(Uint8Array.from(bytes));
    return point.is0() ? undefined : point;
  } catch {
    return undefined;
  }
}

/** RFC 9382 §3.3: lengths are 8 bytes, little-endian. */
function withLength(bytes: Uint8Array): [Buffer, Uint8Array] {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return [length, bytes];
}
