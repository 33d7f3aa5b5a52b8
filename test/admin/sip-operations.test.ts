import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sipControl, type AdminContext } from '#admin';
import { Lifecycle, silentLogger } from '#base';
import { createNodeRandom } from '#io/node';
import {
  defaultRegistrarSettings,
  defaultSipGuardLimits,
  openSipAccounts,
  passwordHashes,
  type SipAccounts,
} from '#sip';
import { openFixture, type Fixture } from './fixture.ts';
import { callJson } from './json-call.ts';

let fixture: Fixture;
let context: AdminContext;
let accounts: SipAccounts;
let lifecycle: Lifecycle;

beforeEach(async () => {
  fixture = await openFixture();
  lifecycle = new Lifecycle();
  const { backplane, clock } = fixture;
  accounts = await openSipAccounts(
    {
      backplane,
      clock,
      random: createNodeRandom(),
      logger: silentLogger,
      member: '',
      settings: {
        nonceLifetimeS: 300,
        digestAlgorithms: ['MD5'],
        guard: defaultSipGuardLimits,
        registrar: defaultRegistrarSettings,
      },
    },
    lifecycle,
  );
  const listener = { transport: 'udp', address: '192.0.2.1', port: 5060, error: undefined };
  const status = () => ({ listeners: [listener], figures: [['calls', 3]] as const });
  context = { ...fixture.context, sip: sipControl(accounts, clock, status) };
});
afterEach(async () => {
  await lifecycle.stop();
  await fixture.close();
});

async function call(method: string, params: object = {}): Promise<Record<string, unknown>> {
  const answer = await callJson(context, method, params);
  if ('error' in answer) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
  return answer.result as Record<string, unknown>;
}
const errorOf = async (method: string, params: object = {}): Promise<number> => {
  const answer = await callJson(context, method, params);
  return 'error' in answer ? answer.error.code : 0;
};
const changes = (): string => fixture.auditLines.join('\n');

describe('domains', () => {
  test('are made, given aliases, listed and removed', async () => {
    expect(
      await call('HubfarmSipCreateDomain', { Domain_str: 'Example.ORG', Aliases_str: ['sip.example.org'] }),
    ).toEqual({
      Domain_str: 'example.org',
      Aliases_str: ['sip.example.org'],
    });
    expect(await errorOf('HubfarmSipCreateDomain', { Domain_str: 'example.org' })).toBe(112);
    expect(await errorOf('HubfarmSipCreateDomain', { Domain_str: 'a b' })).toBe(38);
    await call('HubfarmSipSetDomain', { Domain_str: 'example.org' });
    await call('HubfarmSipCreateAccount', { Account_str: 'a@example.org', Password_utf: 'x' });
    expect(await call('HubfarmSipEnumDomain')).toMatchObject({
      DomainList: [{ Domain_str: 'example.org', Aliases_str: '', NumAccounts_u32: 1 }],
    });
    expect(await call('HubfarmSipDeleteDomain', { Domain_str: 'example.org' })).toMatchObject({ NumAccounts_u32: 1 });
    expect(await errorOf('HubfarmSipDeleteDomain', { Domain_str: 'example.org' })).toBe(29);
    expect(await call('HubfarmSipEnumDomain')).toEqual({ DomainList: [] });
  });
});

describe('accounts', () => {
  beforeEach(() => call('HubfarmSipCreateDomain', { Domain_str: 'example.org' }));

  test('keep hashes of the password, which never reach an answer or the audit log', async () => {
    await call('HubfarmSipCreateAccount', { Account_str: 'alice@example.org', Password_utf: 'sesame' });
    const hashes = passwordHashes('alice', 'example.org', 'sesame');
    expect(accounts.directory.account('alice@example.org')).toMatchObject(hashes);
    const shown = JSON.stringify(await call('HubfarmSipGetAccount', { Account_str: 'alice@example.org' })) + changes();
    for (const secret of ['sesame', hashes.ha1Md5, hashes.ha1Sha256]) expect(shown).not.toContain(secret);
    expect(changes()).toContain('"ha1Md5":"set"');
  });

  test('are made with the hashes of another server, too', async () => {
    const ha1 = passwordHashes('bob', 'example.org', 'x').ha1Md5;
    await call('HubfarmSipCreateAccount', { Account_str: 'bob@example.org', Ha1Md5_str: ha1.toUpperCase() });
    expect(accounts.directory.account('bob@example.org')).toMatchObject({ ha1Md5: ha1, ha1Sha256: '' });
    expect(await errorOf('HubfarmSipCreateAccount', { Account_str: 'c@example.org', Ha1Md5_str: 'abc' })).toBe(38);
  });

  test('make their domain where that is wanted', async () => {
    const params = { Account_str: 'a@new.test', Password_utf: 'x' };
    expect(await errorOf('HubfarmSipCreateAccount', params)).toBe(29);
    await call('HubfarmSipCreateAccount', { ...params, CreateDomain_bool: true });
    expect(accounts.directory.isLocal('new.test')).toBe(true);
  });

  test.each([
    [{ Account_str: 'alice' }, 38],
    [{ Account_str: '@example.org' }, 38],
    [{ Account_str: 'a b@example.org' }, 38],
    [{ Account_str: 'a@example.org', Password_utf: '' }, 38],
    [{ Account_str: 'a@example.org', MaxContacts_u32: 101 }, 38],
    [{ Account_str: 'taken@example.org' }, 112],
  ])('are refused: %j', async (params, error) => {
    await call('HubfarmSipCreateAccount', { Account_str: 'taken@example.org' });
    expect(await errorOf('HubfarmSipCreateAccount', params)).toBe(error);
  });

  test('are changed: what is left out stays', async () => {
    const account = { Account_str: 'alice@example.org' };
    await call('HubfarmSipCreateAccount', {
      ...account,
      Password_utf: 'x',
      Aliases_str: ['+491'],
      DisplayName_utf: 'Alice',
    });
    await call('HubfarmSipSetAccount', { ...account, Enabled_bool: false, MaxContacts_u32: 2 });
    expect(await call('HubfarmSipGetAccount', { Account_str: '+491@example.org' })).toMatchObject({
      Account_str: 'alice@example.org',
      Aliases_str: ['+491'],
      DisplayName_utf: 'Alice',
      Enabled_bool: false,
      MaxContacts_u32: 2,
    });
    await call('HubfarmSipSetAccount', { ...account, Password_utf: 'new', SetAliases_bool: true });
    expect(accounts.directory.account('alice@example.org')).toMatchObject({
      ...passwordHashes('alice', 'example.org', 'new'),
      aliases: [],
      isEnabled: false,
    });
    await call('HubfarmSipDeleteAccount', account);
    expect(await errorOf('HubfarmSipGetAccount', account)).toBe(29);
  });

  test('are listed a page at a time', async () => {
    for (const user of ['c', 'a', 'b']) await call('HubfarmSipCreateAccount', { Account_str: `${user}@example.org` });
    const page = (params: object) => call('HubfarmSipEnumAccount', { Domain_str: 'example.org', ...params });
    expect(await page({ Max_u32: 2 })).toMatchObject({
      NumAccounts_u32: 3,
      AccountList: [{ Username_str: 'a' }, { Username_str: 'b' }],
    });
    expect(await page({ After_str: 'b' })).toMatchObject({ AccountList: [{ Account_str: 'c@example.org' }] });
    expect(await errorOf('HubfarmSipEnumAccount', { Domain_str: 'other.test' })).toBe(29);
  });
});

describe('an import', () => {
  beforeEach(async () => {
    await call('HubfarmSipCreateDomain', { Domain_str: 'example.org' });
    await call('HubfarmSipCreateAccount', { Account_str: 'there@example.org', Aliases_str: ['+49'] });
  });

  const rowsOf = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({ Username_str: `u${from + at}`, Password_utf: 'pw' }));
  const upload = (rows: readonly object[], id = '') =>
    call('HubfarmSipUploadAccounts', { Domain_str: 'example.org', UploadId_str: id, AccountList: rows });

  async function run(id: unknown, Partial_bool = false): Promise<Record<string, unknown>[]> {
    const answers: Record<string, unknown>[] = [];
    do answers.push(await call('HubfarmSipImportAccounts', { UploadId_str: id, Partial_bool }));
    while (answers.at(-1)!['Done_bool'] !== true);
    return answers;
  }

  test('makes all accounts of an upload that came in parts, and says how far it is', async () => {
    const first = await upload(rowsOf(0, 3_000));
    const second = await upload(rowsOf(3_000, 1_500), String(first['UploadId_str']));
    expect(second).toMatchObject({ NumAccounts_u32: 4_500 });
    expect(accounts.directory.countOf('example.org')).toBe(1);
    const answers = await run(first['UploadId_str']);
    expect(answers.map((answer) => answer['NumAdded_u32'])).toEqual([2_000, 4_000, 4_500]);
    expect(accounts.directory.countOf('example.org')).toBe(4_501);
    expect(accounts.directory.account('u4499@example.org')).toMatchObject(passwordHashes('u4499', 'example.org', 'pw'));
    expect(await errorOf('HubfarmSipImportAccounts', { UploadId_str: first['UploadId_str'] })).toBe(29);
    expect(changes()).toContain('"imported":4500');
  });

  const bad = [
    { Username_str: 'good', Password_utf: 'x' },
    { Username_str: 'there', Password_utf: 'x' },
    { Username_str: 'good', Password_utf: 'x' },
    { Username_str: 'a b', Password_utf: 'x' },
    { Username_str: 'num', Password_utf: 'x', Aliases_str: 'x1,+49' },
    { Username_str: 'empty', Password_utf: '' },
    { Username_str: 'also', Password_utf: 'x', Aliases_str: 'x1' },
  ];

  test('with bad rows makes none, and names each', async () => {
    const { UploadId_str } = await upload(bad);
    const [answer] = await run(UploadId_str);
    expect(answer).toMatchObject({ NumAdded_u32: 0 });
    expect((answer!['RefusedList'] as { Row_u32: number }[]).map(({ Row_u32 }) => Row_u32)).toEqual([1, 2, 3, 4, 5]);
    expect(accounts.directory.countOf('example.org')).toBe(1);
  });

  test('that may be partial makes the good ones', async () => {
    const { UploadId_str } = await upload(bad);
    expect(await run(UploadId_str, true)).toMatchObject([{ NumAdded_u32: 2, NumAccounts_u32: 2 }]);
    expect(accounts.directory.accounts('example.org').map(({ user }) => user)).toEqual(['also', 'good', 'there']);
  });

  test('that fails half-way removes what it had made', async () => {
    const { UploadId_str } = await upload(rowsOf(0, 5_000));
    await call('HubfarmSipImportAccounts', { UploadId_str });
    expect(accounts.directory.countOf('example.org')).toBe(2_001);
    // Somebody else makes one of those that are still to come.
    await call('HubfarmSipCreateAccount', { Account_str: 'u4000@example.org' });
    await call('HubfarmSipImportAccounts', { UploadId_str });
    expect(await errorOf('HubfarmSipImportAccounts', { UploadId_str })).toBe(23);
    expect(accounts.directory.accounts('example.org').map(({ user }) => user)).toEqual(['there', 'u4000']);
  });

  test('is forgotten after ten minutes, and ended by another one', async () => {
    const first = await upload(rowsOf(0, 1));
    const second = await upload(rowsOf(1, 1));
    expect(await errorOf('HubfarmSipImportAccounts', { UploadId_str: first['UploadId_str'] })).toBe(29);
    fixture.clock.advance(600_001);
    expect(await errorOf('HubfarmSipImportAccounts', { UploadId_str: second['UploadId_str'] })).toBe(29);
  });
});

describe('registrations', () => {
  const register = (aor: string, host: string): Promise<unknown> =>
    new Promise((resolve) =>
      accounts.registrations.register(
        aor,
        {
          callId: host,
          cseq: 1,
          contacts: [{ uri: `sip:x@${host}`, params: '', q: 500, expiresS: 600, instance: '', regId: 0 }],
          path: [],
          flow: { member: '', transport: 'tcp', address: '2001:db8::1', port: 9, socketId: 1, connectionId: 4 },
          isBehindNat: true,
          userAgent: 'phone',
          wantsOutbound: false,
        },
        10,
        resolve,
      ),
    );

  test('are listed, of one account, of a domain, of all, and ended', async () => {
    await call('HubfarmSipCreateDomain', { Domain_str: 'example.org' });
    await call('HubfarmSipCreateAccount', { Account_str: 'a@example.org', Aliases_str: ['+49'] });
    for (const [aor, host] of [
      ['a@example.org', 'h1'],
      ['a@example.org', 'h2'],
      ['b@other.test', 'h3'],
    ] as const) {
      await register(aor, host);
    }
    const list = async (params: object) =>
      ((await call('HubfarmSipEnumRegistration', params))['RegistrationList'] as { Contact_str: string }[]).map(
        ({ Contact_str }) => Contact_str,
      );
    expect(await list({})).toEqual(['sip:x@h1', 'sip:x@h2', 'sip:x@h3']);
    expect(await list({ Max_u32: 1, After_str: 'a@example.org' })).toEqual(['sip:x@h3']);
    expect(await list({ Domain_str: 'OTHER.test' })).toEqual(['sip:x@h3']);
    expect(await list({ Account_str: '+49@example.org' })).toEqual(['sip:x@h1', 'sip:x@h2']);
    expect(await call('HubfarmSipEnumRegistration')).toMatchObject({
      NumAccounts_u32: 2,
      NumContacts_u32: 3,
      RegistrationList: [
        { Transport_str: 'tcp', ReceivedFrom_str: '[2001:db8::1]:9', BehindNat_bool: true, Priority_u32: 500 },
        {},
        {},
      ],
    });
    const end = { Account_str: 'a@example.org' };
    expect(await call('HubfarmSipDeleteRegistration', { ...end, Contact_str: 'sip:x@h1' })).toEqual({
      NumContacts_u32: 1,
    });
    expect(await call('HubfarmSipDeleteRegistration', end)).toEqual({ NumContacts_u32: 1 });
    expect(await errorOf('HubfarmSipDeleteRegistration', end)).toBe(29);
  });
});

describe('the SIP server', () => {
  test('says what it listens on and has counted', async () => {
    expect(await call('HubfarmSipGetStatus')).toMatchObject({
      NumDomains_u32: 0,
      ListenerList: [{ Transport_str: 'udp', Address_str: '192.0.2.1', Port_u32: 5060, Error_str: '' }],
      FigureList: [{ Name_str: 'calls', Value_u64: 3 }],
    });
  });

  test('shows whom it keeps out, and lets them in again', async () => {
    for (let failure = 0; failure < 10; failure++) accounts.guard.failed('198.51.100.1', 'alice@example.org');
    expect(await call('HubfarmSipEnumBan')).toMatchObject({
      BanList: [{ Kind_str: 'userAtAddress', Address_str: '198.51.100.1', Account_str: 'alice@example.org' }],
    });
    expect(await call('HubfarmSipLiftBan', { Target_str: '198.51.100.1' })).toMatchObject({ NumLifted_u32: 1 });
    expect(await errorOf('HubfarmSipLiftBan', { Target_str: '198.51.100.1' })).toBe(29);
    expect(await call('HubfarmSipEnumBan')).toEqual({ BanList: [] });
  });

  test('that is not there answers so', async () => {
    context = fixture.context;
    for (const method of ['HubfarmSipEnumDomain', 'HubfarmSipGetStatus', 'HubfarmSipUploadAccounts']) {
      expect(await errorOf(method)).toBe(33);
    }
  });
});
