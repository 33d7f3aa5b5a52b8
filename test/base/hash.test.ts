import {
  equalConstantTime,
  equalTextConstantTime,
  hashHex,
  hex,
  hkdfSha256,
  hmacSha256,
  md4,
  md5,
  sha0,
  sha1,
  sha256,
} from '#base';
import { describe, expect, test } from 'vitest';
import { readVectors } from '../softether/codec/vectors.ts';

describe('SHA-0', () => {
  test.each(readVectors('hashes').sha0)('of "$ascii"', ({ ascii, hex: expected }) => {
    expect(hex(sha0(ascii))).toBe(expected);
  });

  test('takes its input in parts', () => {
    expect(sha0('pass', Buffer.from('USER'))).toEqual(sha0('passUSER'));
  });
});

describe('MD4', () => {
  // RFC 1320 appendix A.5
  test.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    ['1234567890'.repeat(8), 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ])('of "%s"', (text, expected) => {
    expect(hex(md4(text))).toBe(expected);
  });
});

describe('the hashes of the runtime', () => {
  test('are those of the standards', () => {
    expect(hex(md5('abc'))).toBe('900150983cd24fb0d6963f7d28e17f72');
    expect(hex(sha1('abc'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(hex(sha256('a', 'bc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('the hashes of digest authentication', () => {
  // RFC 1321 appendix A.5, FIPS 180-4 examples
  test.each([
    ['md5', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha512-256', '53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23'],
  ] as const)('%s, in hex', (name, expected) => {
    expect(hashHex(name, 'abc')).toBe(expected);
  });
});

describe('texts compared in constant time', () => {
  test.each([
    ['', '', true],
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
    ['äbc', 'abc', false],
  ])('"%s" and "%s": %s', (a, b, expected) => {
    expect(equalTextConstantTime(a, b)).toBe(expected);
  });
});

describe('keyed hashes', () => {
  test('HMAC-SHA-256 is that of RFC 4231 §4.3, its input in parts or whole', () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    expect(hex(hmacSha256(Buffer.from('Jefe'), 'what do ya want for nothing?'))).toBe(expected);
    expect(hex(hmacSha256(Buffer.from('Jefe'), 'what do ya ', Buffer.from('want for nothing?')))).toBe(expected);
  });

  test('HKDF-SHA-256 is that of RFC 5869 appendix A.1', () => {
    const [key, salt] = [Buffer.alloc(22, 0x0b), Buffer.from('000102030405060708090a0b0c', 'hex')];
    expect(hex(hkdfSha256(key, salt, Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'), 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });
});

describe('equalConstantTime', () => {
  test('compares bytes, and takes different lengths for different', () => {
    expect(equalConstantTime(Buffer.from('abc'), Buffer.from('abc'))).toBe(true);
    expect(equalConstantTime(Buffer.from('abc'), Buffer.from('abd'))).toBe(false);
    expect(equalConstantTime(Buffer.from('abc'), Buffer.from('abcd'))).toBe(false);
    expect(equalConstantTime(Buffer.alloc(0), Buffer.alloc(0))).toBe(true);
  });
});
