import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificateDer } from '#base';
import { userPasswordHash } from '#softether';
import { openFixture, testIdentity, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await openFixture();
});

afterEach(() => fixture.close());

const call = (method: string, params: object) =>
  callJson(fixture.context, method, { HubName_str: 'DEFAULT', ...params });
const errorOf = async (method: string, params: object): Promise<number> => {
  const answer = await call(method, params);
  return 'error' in answer ? answer.error.code : 0;
};
const user = (name: string) => fixture.directory.user('DEFAULT', name);

describe('a user', () => {
  test('is made with a password in plain, whose hash is over the name in capitals', async () => {
    await call('CreateUser', { Name_str: 'Alice', AuthType_u32: 1, Auth_Password_str: 'p1', Realname_utf: 'Alice Ä.' });
    expect(user('alice')).toMatchObject({
      name: 'Alice',
      realName: 'Alice Ä.',
      auth: { kind: 'password', hashedKey: userPasswordHash('p1', 'ALICE').toString('hex') },
    });
  });

  test('is made with a certificate', async () => {
    const der = certificateDer(Buffer.from((await testIdentity()).certificatePem))!;
    await call('CreateUser', { Name_str: 'cert', AuthType_u32: 2, UserX_bin: der.toString('base64') });
    expect(user('cert')?.auth).toEqual({ kind: 'userCertificate', certificate: der.toString('base64') });
    expect(await call('GetUser', { Name_str: 'cert' })).toMatchObject({
      result: { AuthType_u32: 2, UserX_bin: der.toString('base64') },
    });
  });

  test('comes back from GetUser with all that SetUser needs to leave it as it is', async () => {
    const before = user('user1');
    const shown = await call('GetUser', { Name_str: 'user1' });
    if (!('result' in shown)) throw new Error('GetUser failed');
    expect(shown.result).toMatchObject({ UsePolicy_bool: true, 'policy:MaxConnection_u32': 16, AuthType_u32: 1 });
    await call('SetUser', shown.result);
    expect({ ...user('user1'), updatedAtMs: 0 }).toEqual({ ...before, updatedAtMs: 0 });
  });

  test('keeps what SetUser does not mention, but for the policy', async () => {
    await call('SetUser', { Name_str: 'user1', Note_utf: 'new' });
    expect(user('user1')).toMatchObject({ note: 'new', auth: { kind: 'password' } });
    expect(user('user1')?.policy).toBeUndefined();
    expect(await call('GetUser', { Name_str: 'user1' })).not.toHaveProperty('result.UsePolicy_bool');
  });

  test('may expire', async () => {
    await call('SetUser', { Name_str: 'anon', ExpireTime_dt: '2030-01-01T00:00:00.000Z' });
    expect(user('anon')?.expiresAtMs).toBe(Date.UTC(2030, 0, 1));
    await call('SetUser', { Name_str: 'anon', ExpireTime_dt: '1970-01-01T09:00:00.000Z' });
    expect(user('anon')?.expiresAtMs).toBe(0);
  });

  test('whose policy denies access is listed so', async () => {
    await call('SetUser', { Name_str: 'anon', UsePolicy_bool: true, 'policy:Access_bool': false });
    expect(await call('EnumUser', {})).toMatchObject({
      result: {
        UserList: [
          { Name_str: 'anon', DenyAccess_bool: true, AuthType_u32: 0 },
          { Name_str: 'user1', DenyAccess_bool: false, AuthType_u32: 1 },
        ],
      },
    });
  });

  test('is deleted', async () => {
    expect(await errorOf('DeleteUser', { Name_str: 'USER1' })).toBe(0);
    expect(user('user1')).toBeUndefined();
  });

  const zeros = Buffer.alloc(20).toString('base64');
  test.each([
    ['CreateUser', { Name_str: 'user1' }, 66],
    ['CreateUser', { Name_str: '' }, 38],
    ['CreateUser', { Name_str: 'administrator' }, 38],
    ['CreateUser', { Name_str: '*' }, 38],
    ['CreateUser', { Name_str: 'a/b' }, 38],
    ['CreateUser', { Name_str: 'x', GroupName_str: 'nosuch' }, 65],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 1 }, 38],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 1, HashedKey_bin: zeros }, 38],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 1, HashedKey_bin: 'AAEC' }, 38],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 2 }, 38],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 2, UserX_bin: 'AAEC' }, 38],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 3, CommonName_utf: 'cn' }, 33],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 4 }, 33],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 5 }, 33],
    ['CreateUser', { Name_str: 'x', AuthType_u32: 6 }, 38],
    ['CreateUser', { HubName_str: 'NOSUCH', Name_str: 'x' }, 8],
    ['SetUser', { Name_str: 'nosuch' }, 29],
    ['SetUser', { Name_str: 'user1', GroupName_str: 'nosuch' }, 65],
    ['GetUser', { Name_str: 'nosuch' }, 29],
    ['DeleteUser', { Name_str: 'nosuch' }, 29],
  ])('%s %j is refused with %i', async (method, params, code) => {
    expect(await errorOf(method, params)).toBe(code);
    expect(user('x')).toBeUndefined();
  });
});
