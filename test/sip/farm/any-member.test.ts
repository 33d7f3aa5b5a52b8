import { describe, expect, onTestFinished, test } from 'vitest';
import { LoginGuard } from '#base';
import { Authenticator } from '../../../src/sip/accounts/authenticator.ts';
import { NonceMaker } from '../../../src/sip/accounts/nonce.ts';
import { defaultSipGuardLimits } from '../../../src/sip/accounts/settings.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { reply } from '../../../src/sip/transaction/reply.ts';
import { openAccounts, proofOf } from '../accounts/account-fixture.ts';
import type { Member } from './farm-member.ts';
import { FarmWorld } from './farm-world.ts';
import { MatrixParty } from './matrix-party.ts';

const MEMBERS = 3;
const transports = ['udp', 'tcp'] as const;

interface Scene {
  readonly world: FarmWorld;
  readonly alice: MatrixParty;
  readonly bob: MatrixParty;
  /** Where the message of that name arrives. */
  readonly at: (name: string) => Member;
  readonly isUdp: boolean;
}

/** Alice and bob; all messages arrive at the first member, but for the one that is looked at. */
async function scene(transport: 'udp' | 'tcp', name: string, member: number): Promise<Scene> {
  const { directory, close } = await openAccounts();
  const world = await FarmWorld.open({
    members: MEMBERS,
    services: (memberName, clock) => ({
      authenticator: new Authenticator({
        directory,
        guard: new LoginGuard(clock, defaultSipGuardLimits),
        nonces: new NonceMaker(Buffer.alloc(32, 1), Buffer.from(memberName.padEnd(4).slice(0, 4)), 300),
        clock,
        algorithms: ['MD5'],
      }),
      registrar: {
        handle: (transaction, { message, hop }) => transaction.respond(reply(message, hop, 200, { toTag: 'r' }), 200),
      },
    }),
  });
  onTestFinished(async () => {
    await world.stop();
    await close();
  });
  // Long after the farm was put together: nobody looks for work of before.
  await world.pass(300);
  world.clock.advance(300_000);
  const alice = await new MatrixParty(world, '198.51.100.7', transport).open();
  const bob = await new MatrixParty(world, '198.51.100.8', transport).open();
  for (const user of ['alice', 'bob']) world.account(user);
  world.bind('bob', bob.contact);
  const at = (one: string): Member => world.members[one === name ? member : 0]!;
  return { world, alice, bob, at, isUdp: transport === 'udp' };
}

const inCall = { uri: '', callId: 'c1', fromTag: 'a', toTag: 'b' } as const;

async function establishedCall({ alice, bob, at, isUdp }: Scene): Promise<readonly string[]> {
  const invite = await alice.send(
    { method: 'INVITE', uri: 'sip:bob@example.org', branch: 'z9hG4bKi1', callId: 'c1', cseq: 1, fromTag: 'a' },
    at('INVITE'),
  );
  expect(alice.words('c1')).toEqual(['100']);
  expect(bob.words('c1')).toEqual(['INVITE']);
  if (isUdp) {
    await alice.put(invite, at('INVITE again'));
    expect(alice.words('c1')).toEqual(['100', '100']);
    expect(bob.words('c1')).toEqual(['INVITE']);
  }
  await bob.answer(bob.last('INVITE', 'c1'), 180, at('180'));
  expect(alice.count('180', 'c1')).toBe(1);
  await bob.answer(bob.last('INVITE', 'c1'), 200, at('200'));
  expect(alice.count('200', 'c1')).toBe(1);
  const routes = alice.last('200', 'c1').elements(HeaderId.RecordRoute).reverse();
  expect(routes.length).toBeGreaterThan(0);
  await alice.send(
    { ...inCall, method: 'ACK', uri: bob.contact, branch: 'z9hG4bKa1', cseq: 1, routes },
    at('ACK of 200'),
  );
  expect(bob.words('c1')).toEqual(['INVITE', 'ACK']);
  return routes;
}

/** A request in the dialog and its answer. */
async function inDialog(
  { alice, bob, at }: Scene,
  method: string,
  cseq: number,
  routes: readonly string[],
): Promise<void> {
  await alice.send({ ...inCall, method, uri: bob.contact, branch: `z9hG4bKd${cseq}`, cseq, routes }, at(method));
  const answers = alice.count('200', 'c1');
  await bob.answer(bob.last(method, 'c1'), 200, at(`200 of ${method}`));
  expect(bob.count(method, 'c1')).toBe(1);
  expect(alice.count('200', 'c1')).toBe(answers + 1);
}

async function wholeCall(one: Scene): Promise<void> {
  const { alice, bob, at } = one;
  const routes = await establishedCall(one);
  await alice.send(
    { ...inCall, method: 'INVITE', uri: bob.contact, branch: 'z9hG4bKi2', cseq: 2, routes },
    at('re-INVITE'),
  );
  expect(bob.count('INVITE', 'c1')).toBe(2);
  await bob.answer(bob.last('INVITE', 'c1'), 200, at('200 of re-INVITE'));
  expect(alice.count('200', 'c1')).toBe(2);
  await alice.send(
    { ...inCall, method: 'ACK', uri: bob.contact, branch: 'z9hG4bKa2', cseq: 2, routes },
    at('ACK of re-INVITE'),
  );
  expect(bob.count('ACK', 'c1')).toBe(2);
  await inDialog(one, 'UPDATE', 3, routes);
  await inDialog(one, 'REFER', 4, routes);
  const theirRoutes = bob.heard[0]!.elements(HeaderId.RecordRoute);
  const dialogOfBob = {
    callId: 'c1',
    fromTag: 'b',
    toTag: 'a',
    from: 'sip:bob@example.org',
    to: 'sip:alice@example.org',
  };
  const notify = { ...dialogOfBob, method: 'NOTIFY', uri: alice.contact, branch: 'z9hG4bKn1', cseq: 1 };
  await bob.send({ ...notify, routes: theirRoutes }, at('NOTIFY'));
  await alice.answer(alice.last('NOTIFY', 'c1'), 200, at('200 of NOTIFY'));
  expect(bob.count('200', 'c1')).toBe(1);
  await inDialog(one, 'BYE', 5, routes);
}

async function cancelledCall({ world, alice, bob, at }: Scene): Promise<void> {
  const call = { uri: 'sip:bob@example.org', branch: 'z9hG4bKi3', callId: 'c2', cseq: 1, fromTag: 'a' } as const;
  await alice.send({ ...call, method: 'INVITE' }, at('INVITE to cancel'));
  await bob.answer(bob.last('INVITE', 'c2'), 180, at('180'));
  await alice.send({ ...call, method: 'CANCEL' }, at('CANCEL'));
  expect(alice.words('c2')).toEqual(['100', '180', '200']);
  const cancel = bob.last('CANCEL', 'c2');
  expect(cancel.topVia()?.branch).toBe(bob.last('INVITE', 'c2').topVia()?.branch);
  await bob.answer(cancel, 200, at('200 of CANCEL'));
  await bob.answer(bob.last('INVITE', 'c2'), 487, at('487'));
  expect(alice.words('c2')).toEqual(['100', '180', '200', '487']);
  expect(bob.words('c2')).toEqual(['INVITE', 'CANCEL', 'ACK']);
  await alice.send({ ...call, method: 'ACK', toTag: 'b' }, at('ACK of 487'));
  await world.pass(3000);
  // The ACK has met the transaction: nothing is sent again, and it goes no further.
  expect(alice.words('c2')).toEqual(['100', '180', '200', '487']);
  expect(bob.words('c2')).toEqual(['INVITE', 'CANCEL', 'ACK']);
}

/** Outside of calls: to bob, and his answer. */
async function single(one: Scene, method: string, headers: readonly string[] = []): Promise<void> {
  const { alice, bob, at } = one;
  const callId = `s-${method}`;
  const parts = {
    method,
    uri: 'sip:bob@example.org',
    branch: `z9hG4bK${callId}`,
    callId,
    cseq: 1,
    fromTag: 'a',
    headers,
  };
  const text = await alice.send(parts, at(method));
  expect(bob.words(callId)).toEqual([method]);
  await bob.answer(bob.last(method, callId), 200, at(`200 of ${method}`));
  expect(alice.words(callId)).toEqual(['200']);
  if (!one.isUdp) return;
  await alice.put(text, at(`${method} again`));
  expect(alice.words(callId)).toEqual(['200', '200']);
  expect(bob.words(callId)).toEqual([method]);
}

async function registration({ alice, at }: Scene): Promise<void> {
  const from = { uri: 'sip:example.org', callId: 'r1', fromTag: 'a', to: 'sip:alice@example.org' } as const;
  await alice.send({ ...from, method: 'REGISTER', branch: 'z9hG4bKr1', cseq: 1 }, at('REGISTER'));
  const challenge = alice.last('401', 'r1').value(HeaderId.WwwAuthenticate) ?? '';
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const again = { ...from, method: 'REGISTER', branch: 'z9hG4bKr2', cseq: 2, headers: [proofOf(nonce)] };
  await alice.send(again, at('REGISTER with digest'));
  expect(alice.words('r1')).toEqual(['401', '200']);
}

async function ownOptions({ alice, at, isUdp }: Scene): Promise<void> {
  const member = at('OPTIONS to the server');
  const uri = isUdp ? 'sip:192.0.2.1:5060' : `sip:${member.address}:5060`;
  await alice.send({ method: 'OPTIONS', uri, branch: 'z9hG4bKo1', callId: 'o1', cseq: 1, fromTag: 'a' }, member);
  expect(alice.words('o1')).toEqual(['200']);
}

const stories: readonly (readonly [(scene: Scene) => Promise<void>, readonly string[]])[] = [
  [
    wholeCall,
    [
      ...['INVITE', 'INVITE again', '180', '200', 'ACK of 200', 're-INVITE', '200 of re-INVITE', 'ACK of re-INVITE'],
      ...['UPDATE', '200 of UPDATE', 'REFER', '200 of REFER', 'NOTIFY', '200 of NOTIFY', 'BYE', '200 of BYE'],
    ],
  ],
  [cancelledCall, ['INVITE to cancel', 'CANCEL', '200 of CANCEL', '487', 'ACK of 487']],
  [(one) => single(one, 'MESSAGE'), ['MESSAGE', '200 of MESSAGE', 'MESSAGE again']],
  [(one) => single(one, 'OPTIONS'), ['OPTIONS', '200 of OPTIONS', 'OPTIONS again']],
  [(one) => single(one, 'SUBSCRIBE', ['Event: presence']), ['SUBSCRIBE', '200 of SUBSCRIBE', 'SUBSCRIBE again']],
  [registration, ['REGISTER', 'REGISTER with digest']],
  [ownOptions, ['OPTIONS to the server']],
];

describe.each(transports)('over %s', (transport) => {
  for (const [story, names] of stories) {
    describe.each(names)('%s', (name) => {
      test.each(Array.from({ length: MEMBERS }, (_, at) => at + 1))('may arrive at member %i', async (member) => {
        await story(await scene(transport, name, member - 1));
      });
    });
  }
});
