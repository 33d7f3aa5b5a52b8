import { describe, expect, onTestFinished, test } from 'vitest';
import { LoginGuard } from '#base';
import { Authenticator } from '../../../src/sip/accounts/authenticator.ts';
import { NonceMaker } from '../../../src/sip/accounts/nonce.ts';
import { PlainDigest } from '../../../src/sip/accounts/plain-digest.ts';
import { defaultSipGuardLimits } from '../../../src/sip/accounts/settings.ts';
import type { AccountPlaces } from '../../../src/sip/farm/account-places.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import { defaultRegistrarSettings } from '../../../src/sip/registrar/limits.ts';
import { PlainRegistrar } from '../../../src/sip/registrar/plain-registrar.ts';
import { reply } from '../../../src/sip/transaction/reply.ts';
import { openAccounts, proofOf } from '../accounts/account-fixture.ts';
import type { Member } from './farm-member.ts';
import { FarmWorld, type FarmWorldOptions } from './farm-world.ts';
import { MatrixParty } from './matrix-party.ts';

interface Scene {
  readonly world: FarmWorld;
  readonly alice: MatrixParty;
  readonly bob: MatrixParty;
  /** Lines of call records, with the member that wrote them. */
  readonly records: { readonly member: string; readonly endedBy: string }[];
  /** Messages that one member has sent to another since the call before. */
  readonly relayed: () => number;
}

async function scene(transport: 'udp' | 'tcp' = 'udp', options: FarmWorldOptions = {}): Promise<Scene> {
  const records: { member: string; endedBy: string }[] = [];
  const world = await FarmWorld.open({
    members: 3,
    services: () => ({
      callRecords: {
        write: (line) => {
          records.push(JSON.parse(line) as (typeof records)[number]);
          return true;
        },
      },
    }),
    ...options,
  });
  onTestFinished(() => world.stop());
  await world.pass(300);
  world.clock.advance(300_000);
  const alice = await new MatrixParty(world, '198.51.100.7', transport).open();
  const bob = await new MatrixParty(world, '198.51.100.8', transport).open();
  for (const user of ['alice', 'bob']) world.account(user);
  world.bind('bob', bob.contact);
  let before = 0;
  const relayed = (): number => {
    const now = world.members.reduce((sum, { farm }) => sum + (farm?.figures.relayedOut ?? 0), 0);
    const since = now - before;
    before = now;
    return since;
  };
  return { world, alice, bob, records, relayed };
}

const call = (callId: string) => ({ callId, fromTag: 'a', toTag: 'b' }) as const;

/** The member that has set it up, and the routes of its caller. */
async function ringing({ world, alice, bob }: Scene, callId: string): Promise<{ owner: Member; routes: string[] }> {
  const first = world.members[0]!;
  const uri = 'sip:bob@example.org';
  await alice.send({ method: 'INVITE', uri, branch: `z9hG4bK${callId}i`, callId, cseq: 1, fromTag: 'a' }, first);
  await bob.answer(bob.last('INVITE', callId), 200, first);
  const routes = alice.last('200', callId).elements(HeaderId.RecordRoute).reverse();
  const token = /;hf=(m\d)\./.exec(routes[0] ?? '')?.[1];
  const owner = world.members.find((member) => member.token === token);
  if (owner === undefined) throw new Error(`no member has set it up: ${routes.join(', ')}`);
  return { owner, routes };
}

describe('what ends a call, and the ACK that begins it, is passed on by whichever member gets it', () => {
  test('and goes to no other member', async () => {
    const one = await scene();
    const { world, alice, bob, relayed } = one;
    for (const [at, member] of world.members.entries()) {
      const callId = `c${at}`;
      const { routes } = await ringing(one, callId);
      relayed();
      const dialog = { ...call(callId), uri: bob.contact, routes };
      await alice.send({ ...dialog, method: 'ACK', branch: `z9hG4bKa${at}`, cseq: 1 }, member);
      await alice.send({ ...dialog, method: 'BYE', branch: `z9hG4bKb${at}`, cseq: 2 }, member);
      expect(bob.words(callId)).toEqual(['INVITE', 'ACK', 'BYE']);
      await bob.answer(bob.last('BYE', callId), 200, world.members[(at + 1) % 3]!);
      expect(alice.count('200', callId)).toBe(2);
      expect(alice.last('200', callId).method).toBe('BYE');
      expect(relayed()).toBe(0);
    }
  });

  test('by the callee, too', async () => {
    const one = await scene();
    const { world, alice, bob, relayed } = one;
    await ringing(one, 'c');
    const routes = bob.last('INVITE', 'c').elements(HeaderId.RecordRoute);
    relayed();
    const ends = { from: 'sip:bob@example.org', to: 'sip:alice@example.org', fromTag: 'b', toTag: 'a' } as const;
    const bye = { ...ends, method: 'BYE', uri: alice.contact, branch: 'z9hG4bKb', callId: 'c', cseq: 1, routes };
    await bob.send(bye, world.members[1]!);
    await alice.answer(alice.last('BYE', 'c'), 200, world.members[2]!);
    expect(bob.last('200', 'c').method).toBe('BYE');
    expect(relayed()).toBe(0);
  });

  test('and the member that has set it up writes its record, once', async () => {
    const one = await scene();
    const { world, alice, bob, records } = one;
    for (const [at, member] of world.members.entries()) {
      const callId = `c${at}`;
      const { owner, routes } = await ringing(one, callId);
      const dialog = { ...call(callId), uri: bob.contact, routes };
      const bye = await alice.send({ ...dialog, method: 'BYE', branch: `z9hG4bKb${at}`, cseq: 2 }, member);
      await alice.put(bye, world.members[(at + 1) % 3]!);
      await world.pass(300);
      expect(records.splice(0)).toEqual([expect.objectContaining({ member: owner.token, endedBy: 'caller' })]);
    }
  });

  test('and a BYE that comes again at another member reaches the telephone as the same one', async () => {
    const one = await scene();
    const { world, alice, bob } = one;
    const { routes } = await ringing(one, 'c');
    const dialog = { ...call('c'), uri: bob.contact, routes };
    const bye = await alice.send({ ...dialog, method: 'BYE', branch: 'z9hG4bKb', cseq: 2 }, world.members[0]!);
    for (const member of world.members) await alice.put(bye, member);
    const branches = bob.heard.filter(({ method }) => method === 'BYE').map((message) => message.topVia()?.branch);
    expect(branches).toHaveLength(4);
    expect(new Set(branches).size).toBe(1);
  });

  test('while the member that has set it up is gone', async () => {
    const one = await scene();
    const { world, alice, bob } = one;
    const { owner, routes } = await ringing(one, 'c');
    await owner.kill();
    await world.pass(100);
    const other = world.members.find((member) => member !== owner)!;
    const dialog = { ...call('c'), uri: bob.contact, routes };
    await alice.send({ ...dialog, method: 'ACK', branch: 'z9hG4bKa', cseq: 1 }, other);
    await alice.send({ ...dialog, method: 'BYE', branch: 'z9hG4bKb', cseq: 2 }, other);
    await bob.answer(bob.last('BYE', 'c'), 200, other);
    expect(bob.words('c')).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(alice.last('200', 'c').method).toBe('BYE');
  });
});

test('what is passed on is the same, whether it is read as a message or not', async () => {
  const heard = [];
  for (const hasNoShortWays of [false, true]) {
    const one = await scene('udp', { hasNoShortWays });
    const { world, alice, bob, records } = one;
    let read = 0;
    for (const [at, member] of world.members.entries()) {
      const callId = `c${at}`;
      const { owner, routes } = await ringing(one, callId);
      const dialog = { ...call(callId), uri: bob.contact, routes };
      for (const each of world.members) each.onMessage = () => read++;
      await alice.send({ ...dialog, method: 'ACK', branch: `z9hG4bKa${at}`, cseq: 1 }, member);
      const bye = await alice.send({ ...dialog, method: 'BYE', branch: `z9hG4bKb${at}`, cseq: 2 }, member);
      await alice.put(bye, world.members[(at + 1) % 3]!);
      await bob.answer(bob.last('BYE', callId), 200, world.members[(at + 2) % 3]!);
      for (const each of world.members) each.onMessage = () => undefined;
      await world.pass(300);
      expect(records.splice(0)).toEqual([expect.objectContaining({ member: owner.token })]);
    }
    expect(read).toBe(hasNoShortWays ? 12 : 0);
    // What the raw relay sends on is not counted by the server.
    const figures = world.members.map(({ farm, server }) => [farm?.figures, { ...server?.figures(), relayed: 0 }]);
    heard.push([figures, [...alice.heard, ...bob.heard].map(({ bytes }) => bytes.toString('latin1'))]);
  }
  expect(heard[0]).toEqual(heard[1]);
});

describe('what one member waits for goes to that one', () => {
  test('the ACK for the refusal of a later INVITE', async () => {
    const one = await scene();
    const { world, alice, bob } = one;
    for (const [at, member] of world.members.entries()) {
      const callId = `c${at}`;
      const { routes } = await ringing(one, callId);
      const dialog = { ...call(callId), uri: bob.contact, routes, branch: `z9hG4bKr${at}`, cseq: 2 };
      await alice.send({ ...dialog, method: 'INVITE' }, world.members[0]!);
      await bob.answer(bob.last('INVITE', callId), 488, world.members[0]!);
      await alice.send({ ...dialog, method: 'ACK' }, member);
      await world.pass(3000);
      expect(alice.count('488', callId)).toBe(1);
      // That of the proxy; the caller's goes no further.
      expect(bob.count('ACK', callId)).toBe(1);
    }
  });

  test('the ACK with a description, and what comes by a connection', async () => {
    const one = await scene('tcp');
    const { world, alice, bob, relayed } = one;
    const { owner, routes } = await ringing(one, 'c');
    const dialog = { ...call('c'), uri: bob.contact, routes };
    const other = world.members.find((member) => member !== owner)!;
    relayed();
    await alice.send({ ...dialog, method: 'BYE', branch: 'z9hG4bKb', cseq: 2 }, other);
    expect(relayed()).toBe(1);
    expect(bob.count('BYE', 'c')).toBe(1);
  });

  test('a BYE whose Route nobody of the farm has written, or for another call', async () => {
    const one = await scene();
    const { world, alice, bob } = one;
    const { routes } = await ringing(one, 'c');
    const forged = [routes[0]!.replace(/[0-9a-f]{8}>$/, '00000000>')];
    for (const [at, changes] of [{ callId: 'd' }, { routes: forged }].entries()) {
      const bye = { ...call('c'), method: 'BYE', uri: 'sip:x@203.0.113.9', branch: `z9hG4bKf${at}`, cseq: 2, routes };
      await alice.send({ ...bye, ...changes }, world.members[at]!);
    }
    await world.pass(100);
    expect(bob.count('BYE', 'c')).toBe(0);
  });
});

describe.each([
  ['of any kind', false],
  ['as most telephones make it', true],
])('a registration %s', (_, isPlain) => {
  /** Accounts belong to the member `owner`, and each REGISTER tells which member has it. */
  async function registrars(owner: string) {
    const { directory, close } = await openAccounts();
    const seen: string[] = [];
    let plainCount = 0;
    const accounts: AccountPlaces = {
      placeOf: (request) => {
        if (request.method !== 'REGISTER') return undefined;
        return request.has(HeaderId.Authorization) ? owner : 'anybody';
      },
      ownerOf: () => owner,
    };
    const one = await scene('udp', {
      accounts,
      services: (name, clock) => {
        const guard = new LoginGuard(clock, defaultSipGuardLimits);
        const nonces = new NonceMaker(Buffer.alloc(32, 1), Buffer.from(name.padEnd(4).slice(0, 4)), 300);
        const algorithms = ['MD5'] as const;
        const common = { directory, guard, nonces, isOneOfMany: true, clock, algorithms };
        const authenticator = new Authenticator(common);
        const { window, counters } = authenticator;
        const plainRegistrar = new PlainRegistrar({
          digest: new PlainDigest({ ...common, window, challengeTail: 'qop="auth"', counters }),
          location: {
            packed: () => undefined,
            isFull: false,
            isUnsaved: () => false,
            nowS: () => Math.floor(clock.wallMs() / 1000),
            refreshPacked: () => undefined,
          },
          registrations: {
            register: (_aor, _request, _max, done) => {
              seen.push(name);
              plainCount++;
              done({ kind: 'bindings', bindings: [], needsStore: false });
            },
          },
          gruus: { publicGruu: () => '', temporaryGruu: () => '' },
          owns: () => name === owner,
          settings: defaultRegistrarSettings,
          counters: { accepted: 0, refused: 0 },
          member: name,
          key: Buffer.alloc(16, 2),
        });
        return {
          authenticator,
          ...(isPlain && { plainRegistrar }),
          registrar: {
            handle: (transaction, { message, hop }) => {
              seen.push(name);
              transaction.respond(reply(message, hop, 200, { toTag: 'r' }), 200);
            },
          },
        };
      },
    });
    onTestFinished(close);
    return { ...one, seen, plainCount: () => plainCount };
  }

  const register = { uri: 'sip:example.org', fromTag: 'a', to: 'sip:alice@example.org', method: 'REGISTER' } as const;
  const nonceOf = (challenge: SipMessage): string =>
    /nonce="([^"]+)"/.exec(challenge.value(HeaderId.WwwAuthenticate) ?? '')?.[1] ?? '';

  test('is challenged by whichever member gets it, and made by the one that owns the account', async () => {
    const { world, alice, seen, relayed, plainCount } = await registrars('m2');
    for (const [at, member] of world.members.entries()) {
      const callId = `r${at}`;
      relayed();
      await alice.send({ ...register, branch: `z9hG4bKr${at}`, callId, cseq: 1 }, member);
      expect(relayed()).toBe(0);
      const headers = [proofOf(nonceOf(alice.last('401', callId)))];
      await alice.send({ ...register, branch: `z9hG4bKs${at}`, callId, cseq: 2, headers }, member);
      expect(relayed()).toBe(member.token === 'm2' ? 0 : 1);
      expect(alice.words(callId)).toEqual(['401', '200']);
    }
    expect(seen).toEqual(['m2', 'm2', 'm2']);
    expect(plainCount()).toBe(isPlain ? 3 : 0);
  });

  test('goes on with the nonce of another member, each count once', async () => {
    const { world, alice, plainCount } = await registrars('m2');
    await alice.send({ ...register, branch: 'z9hG4bKr', callId: 'r', cseq: 1 }, world.members[0]!);
    const nonce = nonceOf(alice.last('401', 'r'));
    for (const [at, count] of [1, 2, 2].entries()) {
      const headers = [proofOf(nonce, { nc: count })];
      await alice.send(
        { ...register, branch: `z9hG4bKs${at}`, callId: 'r', cseq: 2 + at, headers },
        world.members[at]!,
      );
      await world.pass(20_000);
    }
    expect(alice.words('r')).toEqual(['401', '200', '200', '401']);
    expect(plainCount()).toBe(isPlain ? 2 : 0);
  });

  test('goes to another member while the owner of the account cannot be reached', async () => {
    const { world, alice, seen } = await registrars('m2');
    await world.members[1]!.kill();
    await world.pass(100);
    await alice.send({ ...register, branch: 'z9hG4bKr', callId: 'r', cseq: 1 }, world.members[0]!);
    const headers = [proofOf(nonceOf(alice.last('401', 'r')))];
    await alice.send({ ...register, branch: 'z9hG4bKs', callId: 'r', cseq: 2, headers }, world.members[2]!);
    expect(alice.words('r')).toEqual(['401', '200']);
    expect(seen).toHaveLength(1);
    expect(seen).not.toContain('m2');
  });
});
