import { describe, expect, test } from 'vitest';
import { decodeAdminLogin, encodeAdminLoginAnswer } from '../../../src/softether/codec/admin-login.ts';
import { encodeHubNames } from '../../../src/softether/codec/enum-hub.ts';
import { encodeNoopAnswer, noopOf } from '../../../src/softether/codec/noop.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { decodePasswordChange } from '../../../src/softether/codec/password-change.ts';

describe('admin', () => {
  const request = new Pack().setData('secure_password', Buffer.alloc(20, 5)).setBool('accept_empty_password', true);

  test('is for the server, or for one hub', () => {
    expect(decodeAdminLogin(request)).toMatchObject({
      hubName: '',
      acceptEmptyPassword: true,
      securePassword: Buffer.alloc(20, 5),
    });
    expect(decodeAdminLogin(request.copy().setStr('hubname', 'DEFAULT'))?.hubName).toBe('DEFAULT');
  });

  test('needs a proof of 20 bytes', () => {
    expect(decodeAdminLogin(new Pack())).toBeUndefined();
    expect(decodeAdminLogin(new Pack().setData('secure_password', Buffer.alloc(21)))).toBeUndefined();
  });

  test('is answered with nothing, or with the news that the password is empty', () => {
    expect(encodeAdminLoginAnswer(false).elements).toEqual([]);
    expect(encodeAdminLoginAnswer(true).bool('empty_password')).toBe(true);
  });
});

describe('password', () => {
  const request = new Pack()
    .setStr('hubname', 'H')
    .setStr('username', 'u')
    .setData('secure_old_password', Buffer.alloc(20, 1))
    .setData('new_password', Buffer.alloc(20, 2));

  test('may bring an NT hash', () => {
    expect(decodePasswordChange(request)).toMatchObject({ hubName: 'H', userName: 'u', newNtHash: undefined });
    const withHash = request.copy().setData('new_password_ntlm', Buffer.alloc(16, 3));
    expect(decodePasswordChange(withHash)?.newNtHash).toEqual(Buffer.alloc(16, 3));
  });

  test.each(['hubname', 'username', 'secure_old_password', 'new_password'])('without %s is malformed', (name) => {
    expect(decodePasswordChange(request.copy().setInt(name, 1))).toBeUndefined();
  });
});

describe('enum_hub', () => {
  test('lists names, or none', () => {
    const two = encodeHubNames(['A', 'B']);
    expect([two.int('NumHub'), two.values('str', 'HubName')]).toEqual([2, ['A', 'B']]);
    expect(encodeHubNames([]).has('HubName')).toBe(false);
  });
});

describe('NOOP', () => {
  test('is answered, but where a newer client says that it need not be', () => {
    expect(noopOf(new Pack())).toBeUndefined();
    expect(noopOf(new Pack().setInt('noop', 1))).toBe('answer');
    expect(noopOf(new Pack().setInt('noop', 2))).toBe('ignore');
    expect(encodeNoopAnswer().elements.map(({ name, values }) => [name, ...values])).toEqual([
      ['error', 0],
      ['noop', 1],
    ]);
  });
});
