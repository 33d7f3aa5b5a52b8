import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Conflict } from '#backplane';
import { SeededRandom } from '#io/sim';
import { AccountDirectory } from '#sip';
import { openSecret } from '../../../src/sip/accounts/secret.ts';
import { accountRecord, domain, openAccounts, type AccountFixture } from './account-fixture.ts';

let fixture: AccountFixture;
let directory: AccountDirectory;
beforeEach(async () => {
  fixture = await openAccounts();
  directory = fixture.directory;
});
afterEach(() => fixture.close());

const create = (user: string, changes: Parameters<typeof accountRecord>[1] = {}) =>
  directory.createAccount(domain, accountRecord(user, changes));

describe('a domain', () => {
  test('is local under its name and aliases, in any case', async () => {
    await directory.setDomainAliases('Example.ORG', ['SIP.example.org', '192.0.2.1', '[2001:DB8::1]', 'example.org']);
    expect(directory.domain('sip.EXAMPLE.org')).toMatchObject({
      aliases: ['sip.example.org', '192.0.2.1', '2001:db8::1'],
    });
    for (const host of ['example.org', 'EXAMPLE.ORG', 'sip.example.org', '192.0.2.1', '2001:db8::1']) {
      expect([host, directory.isLocal(host)]).toEqual([host, true]);
    }
    expect(directory.isLocal('example.net')).toBe(false);
    expect(directory.find('alice', '192.0.2.1')?.aor).toBe('alice@example.org');
    await directory.setDomainAliases(domain, []);
    expect(directory.isLocal('192.0.2.1')).toBe(false);
  });

  test('is there once: no name is a domain and an alias of another', async () => {
    await directory.createDomain('b.test', ['c.test']);
    for (const name of ['b.test', 'B.TEST', 'c.test']) {
      await expect(directory.createDomain(name)).rejects.toMatchObject({ code: 'SIP_DOMAIN_EXISTS' });
    }
    await expect(directory.createDomain('d.test', ['c.test'])).rejects.toMatchObject({ code: 'SIP_DOMAIN_EXISTS' });
    await expect(directory.setDomainAliases(domain, ['b.test'])).rejects.toMatchObject({ code: 'SIP_DOMAIN_EXISTS' });
  });

  test.each(['', 'a b', '-a', 'a..b', 'a/b', 'ä.org', 'x'.repeat(254)])('cannot be called "%s"', async (name) => {
    await expect(directory.createDomain(name)).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  test('goes with all its accounts', async () => {
    await directory.deleteDomain(domain);
    expect([directory.domains(), directory.accountCount, directory.account('alice@example.org')]).toEqual([
      [],
      0,
      undefined,
    ]);
    await expect(create('x')).rejects.toMatchObject({ code: 'SIP_DOMAIN_NOT_FOUND' });
    await directory.createDomain(domain);
    expect(directory.countOf(domain)).toBe(0);
  });
});

describe('an account', () => {
  test('is found by its user, whose case counts, and its domain, whose case does not', () => {
    expect(directory.account('alice@EXAMPLE.org')?.user).toBe('alice');
    expect(directory.account('Alice@example.org')).toBeUndefined();
    expect(directory.account('alice')).toBeUndefined();
    expect(directory.find('alice', 'example.net')).toBeUndefined();
  });

  test('is found by its aliases, telephone numbers in any writing', async () => {
    await create('carol', { aliases: ['sales', '+49 (30) 12-34'] });
    for (const aor of ['sales@example.org', '+49301234@example.org', '+49-30-1234@example.org', '+49301234']) {
      expect([aor, directory.account(aor)?.user]).toEqual([aor, 'carol']);
    }
    expect(directory.accountOfNumber('+49 30 12 34')?.user).toBe('carol');
    expect(directory.accountOfNumber('sales')).toBeUndefined();
  });

  test('shares no name with another one, numbers not even with those of other domains', async () => {
    await create('carol', { aliases: ['sales', '+491'] });
    const { aliases } = await create('dave');
    expect(aliases).toEqual([]);
    for (const attempt of [
      () => create('sales'),
      () => create('erin', { aliases: ['sales'] }),
      () => create('erin', { aliases: ['alice'] }),
      () => directory.updateAccount(domain, 'dave', () => ({ aliases: ['+491'] })),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'SIP_ALIAS_TAKEN' });
    }
    await expect(create('alice')).rejects.toMatchObject({ code: 'SIP_ACCOUNT_EXISTS' });
    await directory.createDomain('b.test');
    const elsewhere = directory.createAccount('b.test', accountRecord('x', { aliases: ['+491'] }));
    await expect(elsewhere).rejects.toMatchObject({ code: 'SIP_ALIAS_TAKEN' });
    await directory.createAccount('b.test', accountRecord('alice', { aliases: ['sales'] }));
    expect(directory.account('sales@b.test')?.aor).toBe('alice@b.test');
  });

  test('frees its aliases when it loses them or goes', async () => {
    await create('carol', { aliases: ['sales', '+491'] });
    await directory.updateAccount(domain, 'carol', () => ({ aliases: ['+492'] }));
    expect([directory.account('sales@example.org'), directory.accountOfNumber('+491')]).toEqual([undefined, undefined]);
    await directory.deleteAccount(domain, 'carol');
    expect(directory.accountOfNumber('+492')).toBeUndefined();
    await create('sales', { aliases: ['+492'] });
    expect(directory.accountOfNumber('+492')?.user).toBe('sales');
  });

  test.each(['', 'a b', 'a/b', 'a:b', 'a@b', 'ä', 'x'.repeat(65)])('cannot be called "%s"', async (user) => {
    await expect(create(user)).rejects.toMatchObject({ code: 'BAD_NAME' });
  });

  test('is as it was after a restart', async () => {
    await create('carol', { aliases: ['+491'], displayName: 'Carol "C" Ä', isEnabled: false, maxContacts: 3 });
    const before = directory.account('carol@example.org');
    const again = await AccountDirectory.open(fixture.backplane, fixture.clock);
    expect(again.account('carol@example.org')).toEqual(before);
    expect([again.accountCount, again.accountOfNumber('+491')?.user]).toEqual([3, 'carol']);
    again.close();
  });

  test('is listed in the order of users, a page at a time', async () => {
    for (const user of ['b', 'a', 'c']) await create(user);
    const users = (after?: string, max?: number): string[] =>
      directory.accounts(domain, after, max).map(({ user }) => user);
    expect(users()).toEqual(['a', 'alice', 'b', 'bob', 'c']);
    expect(users('alice', 2)).toEqual(['b', 'bob']);
  });

  test('whose record cannot be read is passed over; the others are there', async () => {
    await fixture.backplane.put('cfg/sip/account/example.org/broken', '{"ha1Md5":5}');
    await expect.poll(() => directory.accountCount).toBe(2);
    const again = await AccountDirectory.open(fixture.backplane, fixture.clock);
    expect([again.accountCount, again.account('broken@example.org')]).toEqual([2, undefined]);
    again.close();
  });
});

describe('a change', () => {
  test('is told to listeners when the tables show it', async () => {
    const told: unknown[] = [];
    const stop = directory.onChange((change) => told.push(change.kind === 'account' ? change.aor : change.name));
    await create('carol');
    await directory.deleteAccount(domain, 'carol');
    stop();
    await create('dave');
    expect(told).toEqual(['carol@example.org', 'carol@example.org']);
  });

  test('that others make at the same time is not lost', async () => {
    const other = await AccountDirectory.open(fixture.backplane, fixture.clock);
    await Promise.all([
      directory.updateAccount(domain, 'alice', () => ({ displayName: 'Alice' })),
      other.updateAccount(domain, 'alice', () => ({ maxContacts: 7 })),
    ]);
    await expect
      .poll(() => directory.account('alice@example.org'))
      .toMatchObject({ displayName: 'Alice', maxContacts: 7 });
    other.close();
  });

  test('in a cluster is the controller’s alone', async () => {
    const member = await AccountDirectory.open(fixture.backplane, fixture.clock, { leadership: () => undefined });
    await expect(member.deleteAccount(domain, 'alice')).rejects.toMatchObject({ code: 'NOT_CONTROLLER' });
    member.close();
  });

  test('of many accounts is made as a whole, and can be taken back', async () => {
    const users = Array.from({ length: 500 }, (_, at) => `u${at}`);
    const records = users.map((user) => accountRecord(user));
    const revision = await directory.createAccounts(domain, records);
    expect(directory.countOf(domain)).toBe(502);
    await directory.updateAccount(domain, 'u7', () => ({ displayName: 'kept' }));
    await directory.takeBack(domain, users, revision);
    expect(directory.accounts(domain).map(({ user }) => user)).toEqual(['alice', 'bob', 'u7']);
    await expect(directory.createAccounts(domain, [accountRecord('v'), accountRecord('alice')])).rejects.toMatchObject({
      code: 'SIP_ACCOUNT_EXISTS',
    });
    await expect(directory.createAccounts(domain, [accountRecord('v'), accountRecord('v')])).rejects.toMatchObject({
      code: 'SIP_ALIAS_TAKEN',
    });
    expect(directory.account('v@example.org')).toBeUndefined();
  });
});

describe('the secret of the farm', () => {
  test('is made once, whoever comes first', async () => {
    const { backplane } = fixture;
    const made = await Promise.all([1, 2, 3].map((seed) => openSecret(backplane, new SeededRandom(seed))));
    expect(new Set(made.map((secret) => secret.toString('hex'))).size).toBe(1);
    expect(made[0]).toHaveLength(32);
  });

  test('is waited for by those that may not write it', async () => {
    const { backplane } = fixture;
    const waiting = openSecret(
      { ...bound(backplane), txn: () => Promise.reject(new Conflict('not yours')) },
      new SeededRandom(1),
    );
    const made = await openSecret(backplane, new SeededRandom(2));
    expect((await waiting).equals(made)).toBe(true);
  });
});

const bound = (backplane: AccountFixture['backplane']): AccountFixture['backplane'] =>
  Object.assign(Object.create(backplane) as AccountFixture['backplane'], {
    get: backplane.get.bind(backplane),
    watch: backplane.watch.bind(backplane),
  });
