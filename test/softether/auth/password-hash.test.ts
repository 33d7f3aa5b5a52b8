import { describe, expect, test } from 'vitest';
import {
  adminPasswordHash,
  isNoPassword,
  ntHash,
  securePassword,
  storedHashOf,
  userPasswordHash,
} from '../../../src/softether/auth/password-hash.ts';
import { readVectors } from '../codec/vectors.ts';

const vectors = readVectors('hashes');

describe('password hashes', () => {
  test.each(vectors.hash_password)('of user $user with password "$password"', ({ user, password, hex }) => {
    expect(userPasswordHash(password, user).toString('hex')).toBe(hex);
  });

  test.each(vectors.admin_password)('of an administrator with password "$password"', ({ password, hex }) => {
    expect(adminPasswordHash(password).toString('hex')).toBe(hex);
  });

  test.each(vectors.secure_password)('with the random of the Hello', ({ hashed, random, hex }) => {
    expect(securePassword(Buffer.from(hashed, 'hex'), Buffer.from(random, 'hex')).toString('hex')).toBe(hex);
  });

  test.each(vectors.captured)('are what real peers send: $secure', ({ input, hashed, random, secure }) => {
    const own =
      input.user === undefined ? adminPasswordHash(input.password) : userPasswordHash(input.password, input.user);
    expect(own.toString('hex')).toBe(hashed);
    expect(securePassword(own, Buffer.from(random, 'hex')).toString('hex')).toBe(secure);
  });

  test('of a hub are those that a real controller hands to its members', () => {
    const { HashedPassword, SecurePassword } = vectors.hub_password_fields_captured;
    expect(adminPasswordHash('hp').toString('hex')).toBe(HashedPassword);
    expect(userPasswordHash('hp', 'administrator').toString('hex')).toBe(SecurePassword);
  });

  test('take only the letters a to z of a user name to upper case', () => {
    expect(userPasswordHash('x', 'straße')).toEqual(userPasswordHash('x', 'STRAßE'));
    expect(userPasswordHash('x', 'ä')).not.toEqual(userPasswordHash('x', 'Ä'));
  });

  test('for MS-CHAP are MD4 over UTF-16 (MS-NLMP §4.2.2.1.1)', () => {
    expect(ntHash('Password').toString('hex')).toBe('a4f49c406510bdcab6824ee7c30fd852');
  });

  test('are read from records, and nothing else is', () => {
    expect(storedHashOf('AB'.repeat(20))).toEqual(Buffer.alloc(20, 0xab));
    expect(['', 'ab', 'zz'.repeat(20), '00'.repeat(21)].map(storedHashOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([isNoPassword(Buffer.alloc(20)), isNoPassword(Buffer.alloc(20, 1))]).toEqual([true, false]);
  });
});
