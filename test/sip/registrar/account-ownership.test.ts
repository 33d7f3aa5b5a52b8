import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Conflict, openEmbedded, type Backplane } from '#backplane';
import { Lifecycle, silentLogger } from '#base';
import type { MemberBoot } from '#cluster';
import { SeededRandom } from '#io/sim';
import { defaultRegistrarSettings, defaultSipGuardLimits, openSipAccounts, type SipAccounts } from '#sip';
import { ManualClock } from '../../backplane/manual-clock.ts';
import { ownerAmong, partitionOf, partitions } from '../../../src/sip/registrar/partitions.ts';
import type { RegisterRequest } from '../../../src/sip/registrar/register-request.ts';
import type { RegisterResult } from '../../../src/sip/registrar/registrations.ts';
import { accountRecord, domain } from '../accounts/account-fixture.ts';
import { LoopBus } from './loop-bus.ts';

class Member {
  readonly lifecycle = new Lifecycle();
  readonly self: MemberBoot;
  accounts!: SipAccounts;

  constructor(name: string) {
    this.self = { member: `${name}/0`, boot: `boot-of-${name}` };
  }

  register(aor: string, host: string, changes: Partial<RegisterRequest> = {}): Promise<RegisterResult> {
    const request: RegisterRequest = {
      callId: host,
      cseq: ++cseq,
      contacts: [{ uri: `sip:x@${host}`, params: '', q: 1000, expiresS: 600, instance: '', regId: 0 }],
      path: [],
      flow: undefined,
      isBehindNat: false,
      userAgent: '',
      wantsOutbound: false,
      ...changes,
    };
    return new Promise((resolve) => this.accounts.registrations.register(aor, request, 10, resolve));
  }

  uris(aor: string): string[] {
    return this.accounts.location.lookup(aor).map(({ uri }) => uri);
  }
}

let cseq = 0;
let clock: ManualClock;
let backplane: Backplane;
let wire: LoopBus;
let members: Member[];

beforeEach(async () => {
  clock = new ManualClock();
  backplane = await openEmbedded({ path: ':memory:', clock });
  wire = new LoopBus();
  members = [];
});

afterEach(async () => {
  for (const { lifecycle } of members) await lifecycle.stop();
  await backplane.close();
});

async function start(name: string, isBackend = true, store: Backplane = backplane): Promise<Member> {
  const member = new Member(name);
  members.push(member);
  member.accounts = await openSipAccounts(
    {
      backplane: store,
      clock,
      random: new SeededRandom(name.length),
      logger: silentLogger,
      member: name,
      cluster: { bus: wire.bus(member.self), isBackend },
      settings: {
        nonceLifetimeS: 300,
        digestAlgorithms: ['MD5'],
        guard: defaultSipGuardLimits,
        registrar: defaultRegistrarSettings,
      },
    },
    member.lifecycle,
  );
  return member;
}

async function ownedBy(...owners: Member[]): Promise<number[]> {
  const names = owners.map(({ self }) => self.member);
  await expect
    .poll(async () => {
      await clock.advance(1_000);
      const { entries } = await backplane.list('own/account/');
      return (
        entries.length === partitions &&
        entries.every(({ value }) => names.some((name) => Buffer.from(value).includes(name)))
      );
    })
    .toBe(true);
  const { entries } = await backplane.list('own/account/');
  return names.map((name) => entries.filter(({ value }) => Buffer.from(value).includes(name)).length);
}

/** One whose partition falls to this member. */
function accountOf(member: Member, all: readonly Member[]): string {
  const backends = all.map(({ self }) => self.member);
  for (let at = 0; ; at++) {
    const aor = `user${at}@${domain}`;
    if (ownerAmong(partitionOf(aor), backends) === member.self.member) return aor;
  }
}

describe('the accounts', () => {
  test('are all owned by the only backend', async () => {
    const alpha = await start('alpha');
    expect(await ownedBy(alpha)).toEqual([256]);
  });

  test('are shared evenly, and move only to or from the backend that came or went', async () => {
    const alpha = await start('alpha');
    await ownedBy(alpha);
    const beta = await start('beta');
    await ownedBy(alpha, beta);
    await expect.poll(async () => (await ownedBy(alpha, beta))[1]).toBeGreaterThan(90);
    const [ofAlpha = 0, ofBeta = 0] = await ownedBy(alpha, beta);
    expect(ofAlpha + ofBeta).toBe(256);
    expect(Math.min(ofAlpha, ofBeta)).toBeGreaterThan(90);
    await beta.lifecycle.stop();
    expect(await ownedBy(alpha)).toEqual([256]);
  });

  test('are never owned by a frontend, which asks the owner', async () => {
    const back = await start('back');
    const front = await start('front', false);
    await ownedBy(back);
    await expect.poll(() => front.register(`alice@${domain}`, 'h1')).toMatchObject({ kind: 'bindings' });
    expect(back.uris(`alice@${domain}`)).toEqual(['sip:x@h1']);
    await expect.poll(() => front.uris(`alice@${domain}`)).toEqual(['sip:x@h1']);
    expect(await front.accounts.registrations.end(`alice@${domain}`)).toBe(1);
    expect(back.uris(`alice@${domain}`)).toEqual([]);
    await expect.poll(() => front.uris(`alice@${domain}`)).toEqual([]);
  });

  test('without any backend get 503', async () => {
    const front = await start('front', false);
    expect(await front.register(`alice@${domain}`, 'h1')).toMatchObject({ kind: 'unavailable' });
    await expect(front.accounts.registrations.end(`alice@${domain}`)).rejects.toMatchObject({ code: 'NOT_OWNER' });
  });
});

describe('an account', () => {
  test('keeps its bindings, their order and its rules when its owner changes', async () => {
    const alpha = await start('alpha');
    await ownedBy(alpha);
    const beta = new Member('beta');
    const aor = accountOf(beta, [alpha, beta]);
    await alpha.register(aor, 'h1');
    await alpha.register(aor, 'h2');
    const joined = await start('beta');
    await expect.poll(async () => (await ownedBy(alpha, joined))[1]).toBeGreaterThan(0);
    await expect.poll(async () => (await alpha.register(aor, 'h3')).kind).toBe('bindings');
    await expect.poll(() => alpha.uris(aor)).toEqual(['sip:x@h1', 'sip:x@h2', 'sip:x@h3']);
    expect(joined.uris(aor)).toEqual(['sip:x@h1', 'sip:x@h2', 'sip:x@h3']);
    expect(await alpha.register(aor, 'h1', { cseq: 1 })).toEqual({ kind: 'outOfOrder' });
  });

  test('goes to another backend when its owner dies, with all that was answered', async () => {
    const alpha = await start('alpha');
    // Its lease is not renewed any more, and nothing of it is told.
    const dying = await start('dying');
    await expect.poll(async () => (await ownedBy(alpha, dying))[1]).toBeGreaterThan(0);
    const aor = accountOf(dying, [alpha, dying]);
    await expect.poll(async () => (await dying.register(aor, 'h1')).kind).toBe('bindings');
    const { entries } = await backplane.list('own/');
    const gone = entries.filter(({ value }) => Buffer.from(value).includes('dying'));
    wire.cut(dying.self);
    await backplane.txn(
      gone.map(({ key }) => ({ kind: 'delete', key })),
      [],
    );
    await expect.poll(async () => (await alpha.register(aor, 'h2')).kind, { timeout: 5_000 }).toBe('bindings');
    expect(alpha.uris(aor)).toEqual(['sip:x@h1', 'sip:x@h2']);
  });

  test('is not written by a member that does not own it any more', async () => {
    const alpha = await start('alpha');
    await ownedBy(alpha);
    const aor = `alice@${domain}`;
    await alpha.register(aor, 'h1');
    const key = `own/account/${partitionOf(aor)}`;
    // Somebody else has it, and the member has not heard of that yet.
    const original = backplane.txn.bind(backplane);
    backplane.txn = async (operations, guards) => {
      if (guards.some((guard) => guard.key === key)) throw new Conflict('not yours');
      return original(operations, guards);
    };
    expect(await alpha.register(aor, 'h2')).toMatchObject({ kind: 'unavailable' });
    backplane.txn = original;
    const stored = await backplane.get(`sip/location/${domain}/alice`);
    expect(Buffer.from(stored!.value).toString()).not.toContain('h2');
  });

  test('that is removed is registered nowhere', async () => {
    const alpha = await start('alpha');
    await ownedBy(alpha);
    const { directory } = alpha.accounts;
    await directory.createDomain(domain);
    await directory.createAccount(domain, accountRecord('alice'));
    await alpha.register(`alice@${domain}`, 'h1');
    await directory.deleteAccount(domain, 'alice');
    await expect.poll(() => backplane.get(`sip/location/${domain}/alice`)).toBeUndefined();
    expect(alpha.uris(`alice@${domain}`)).toEqual([]);
  });
});

test('partitions are even', () => {
  const counts = new Map<number, number>();
  for (let at = 0; at < 25_600; at++) {
    const partition = partitionOf(`user${at}@example.org`);
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
  }
  expect(counts.size).toBe(partitions);
  expect(Math.max(...counts.values())).toBeLessThan(150);
});
