import { readFileSync } from 'node:fs';
import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Random } from '#io';
import { SeededRandom } from '#io/sim';
import { CONFIRMATION_BYTES, secretScalar, SHARE_BYTES, Spake2 } from '../../../src/cluster/join/spake2.ts';

interface Vector {
  readonly identityA: string;
  readonly identityB: string;
  readonly w: string;
  readonly x: string;
  readonly y: string;
  readonly shareA: string;
  readonly shareB: string;
  readonly confirmationA: string;
  readonly confirmationB: string;
}

const file = new URL('../../vectors/spake2/rfc9382.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] };

/** Gives the scalar `x` to who asks for one: 48 bytes, taken modulo order − 1, plus 1. */
const randomFor = (x: string): Random => ({
  bytes: (length) => Buffer.from((BigInt(`0x${x}`) - 1n).toString(16).padStart(2 * length, '0'), 'hex'),
  below: () => 0,
});

const none = Buffer.alloc(0);
const secret = Buffer.from('a secret that both know');

function pair(secretOfB = secret, seed = 7): readonly [Spake2, Spake2] {
  const random = new SeededRandom(seed);
  const setup = { identityA: 'member', identityB: 'controller', random };
  return [
    new Spake2({ ...setup, role: 'A', w: secretScalar(secret, 'test') }),
    new Spake2({ ...setup, role: 'B', w: secretScalar(secretOfB, 'test') }),
  ];
}

describe('SPAKE2', () => {
  test.each(vectors)('is that of RFC 9382 Appendix B (A=$identityA B=$identityB)', (vector) => {
    const setup = { identityA: vector.identityA, identityB: vector.identityB, w: BigInt(`0x${vector.w}`) };
    const a = new Spake2({ ...setup, role: 'A', random: randomFor(vector.x) });
    const b = new Spake2({ ...setup, role: 'B', random: randomFor(vector.y) });
    expect(a.share.toString('hex')).toBe(vector.shareA);
    expect(b.share.toString('hex')).toBe(vector.shareB);
    expect(a.share).toHaveLength(SHARE_BYTES);
    const [ofA, ofB] = [a.finish(b.share, none), b.finish(a.share, none)];
    expect(ofA?.confirmation.toString('hex')).toBe(vector.confirmationA);
    expect(ofB?.confirmation.toString('hex')).toBe(vector.confirmationB);
    expect(ofA?.isConfirmedBy(Buffer.from(vector.confirmationB, 'hex'))).toBe(true);
    expect(ofB?.isConfirmedBy(Buffer.from(vector.confirmationA, 'hex'))).toBe(true);
  });

  test('confirms nothing when the secrets differ', () => {
    const [a, b] = pair(Buffer.from('another secret'));
    const [ofA, ofB] = [a.finish(b.share, none), b.finish(a.share, none)];
    expect(ofB?.isConfirmedBy(ofA?.confirmation ?? none)).toBe(false);
    expect(ofA?.isConfirmedBy(ofB?.confirmation ?? none)).toBe(false);
  });

  test('confirms nothing when the two are bound to something different', () => {
    const [a, b] = pair();
    const [ofA, ofB] = [a.finish(b.share, Buffer.from('session 1')), b.finish(a.share, Buffer.from('session 2'))];
    expect(ofB?.isConfirmedBy(ofA?.confirmation ?? none)).toBe(false);
    expect(ofA?.isConfirmedBy(ofB?.confirmation ?? none)).toBe(false);
  });

  test('does not take its own confirmation for the other’s', () => {
    const [a, b] = pair();
    const ofA = a.finish(b.share, none);
    expect(ofA?.isConfirmedBy(ofA.confirmation)).toBe(false);
    expect(ofA?.isConfirmedBy(none)).toBe(false);
    expect(ofA?.confirmation).toHaveLength(CONFIRMATION_BYTES);
  });

  test('refuses what is no point of the curve', () => {
    const [a, b] = pair();
    const compressed = Buffer.concat([Buffer.from([2]), b.share.subarray(1, 33)]);
    const offCurve = Buffer.from(b.share);
    offCurve[64]! ^= 1;
    const beyondField = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 0xff)]);
    for (const share of [none, compressed, offCurve, beyondField, Buffer.alloc(SHARE_BYTES), Buffer.alloc(1)]) {
      expect(a.finish(share, none)).toBeUndefined();
    }
  });

  test('refuses the share that would make the common point infinity', () => {
    const n = p256.Point.fromHex('03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49');
    const a = new Spake2({ role: 'A', identityA: '', identityB: '', w: 5n, random: new SeededRandom(1) });
    expect(a.finish(n.multiply(5n).toBytes(false), none)).toBeUndefined();
    expect(a.finish(n.multiply(6n).toBytes(false), none)).toBeDefined();
  });

  test('agrees for every secret and binding, and only then', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const run = (one: Uint8Array, other: Uint8Array, seed: number): boolean => {
      const random = new SeededRandom(seed);
      const setup = { identityA: 'a', identityB: 'b', random };
      const a = new Spake2({ ...setup, role: 'A', w: secretScalar(one, 'test') });
      const b = new Spake2({ ...setup, role: 'B', w: secretScalar(other, 'test') });
      const [ofA, ofB] = [a.finish(b.share, one), b.finish(a.share, one)];
      return ofB?.isConfirmedBy(ofA?.confirmation ?? none) === true;
    };
    fc.assert(
      fc.property(bytes, bytes, fc.nat(), (one, other, seed) => {
        expect(run(one, one, seed)).toBe(true);
        if (!Buffer.from(one).equals(other)) expect(run(one, other, seed)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});
