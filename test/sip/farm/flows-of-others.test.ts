import { describe, expect, onTestFinished, test } from 'vitest';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import { reply } from '../../../src/sip/transaction/reply.ts';
import type { AgentConnection } from '../../../src/sip/core/account-agent.ts';
import type { Hop } from '../../../src/sip/transport/hop.ts';
import type { Member } from './farm-member.ts';
import { FarmWorld, type FarmWorldOptions } from './farm-world.ts';
import { MatrixParty } from './matrix-party.ts';

async function open(options: FarmWorldOptions = {}): Promise<FarmWorld> {
  const world = await FarmWorld.open({ members: 3, ...options });
  onTestFinished(() => world.stop());
  for (const user of ['alice', 'bob']) world.account(user);
  await world.pass(300);
  world.clock.advance(300_000);
  return world;
}

const partyOf = (world: FarmWorld, address: string, transport: 'udp' | 'tcp') =>
  new MatrixParty(world, address, transport).open();

/** A Call-ID whose owner is that member. */
async function callOwnedBy(alice: MatrixParty, member: Member): Promise<string> {
  const { world } = alice;
  for (let at = 0; at < 50; at++) {
    const callId = `find-${at}`;
    const before = member.server!.figures().transactions.serverTransactions;
    await alice.send(
      { method: 'MESSAGE', uri: 'sip:bob@example.org', branch: `z9hG4bKf${at}`, callId, cseq: 1, fromTag: 'a' },
      world.members[0]!,
    );
    if (member.server!.figures().transactions.serverTransactions > before) return callId;
  }
  throw new Error('that member owns nothing');
}

describe('a telephone with a connection to one member', () => {
  async function scene() {
    const world = await open();
    const alice = await partyOf(world, '198.51.100.7', 'udp');
    const bob = await partyOf(world, '198.51.100.8', 'tcp');
    const hops: Hop[] = [];
    for (const member of world.members) {
      member.onMessage = (_message, hop) => hops.push(hop);
    }
    const [, holder] = world.members as [Member, Member, Member];
    await bob.put(
      'OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.8:5060;branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: <sip:bob@example.org>;tag=b\r\nTo: <sip:192.0.2.1>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
      holder,
    );
    const { connectionId, socketId, remotePort } = hops[0]!;
    world.bind('bob', 'sip:bob@x.invalid;transport=tcp', {
      flow: { member: holder.name, transport: 'tcp', address: bob.address, port: remotePort, socketId, connectionId },
    });
    return { world, alice, bob, holder };
  }

  test('is called by every member through the one that holds it', async () => {
    const { world, alice, bob, holder } = await scene();
    for (const owner of world.members) {
      const callId = await callOwnedBy(alice, owner);
      expect(bob.words(callId)).toEqual(['MESSAGE']);
      await bob.answer(bob.last('MESSAGE', callId), 200, holder);
      expect(alice.words(callId)).toEqual(['200']);
    }
    expect(holder.farm!.figures.sentForOthers).toBeGreaterThan(0);
    expect(holder.farm!.figures.busFrames).toBeGreaterThan(0);
  });

  test('is gone with that member', async () => {
    const { world, alice, bob, holder } = await scene();
    await holder.kill();
    await alice.send(
      { method: 'MESSAGE', uri: 'sip:bob@example.org', branch: 'z9hG4bKg', callId: 'gone', cseq: 1, fromTag: 'a' },
      world.members[0]!,
    );
    expect(alice.words('gone')).toEqual(['480']);
    expect(bob.words('gone')).toEqual([]);
  });

  test('whose connection has ended is told of by its holder', async () => {
    const { world, alice, bob, holder } = await scene();
    await holder.transport!.stop();
    const owner = world.members[0]!;
    const callId = await callOwnedBy(alice, owner);
    await world.pass(50);
    expect(bob.words(callId)).toEqual([]);
    expect(alice.words(callId)).toEqual(['480']);
    expect(owner.farm!.figures.failures).toBe(1);
  });
});

test('a member with farm = relay sends to the outside through one of the farm, and gets the answers', async () => {
  const world = await open({ members: 2 });
  const relay = await world.join('relay');
  await world.pass(100);
  const alice = await partyOf(world, '198.51.100.7', 'udp');
  const carol = await partyOf(world, '203.0.113.9', 'udp');
  await alice.send(
    { method: 'MESSAGE', uri: 'sip:carol@203.0.113.9', branch: 'z9hG4bKo', callId: 'out', cseq: 1, fromTag: 'a' },
    relay,
  );
  expect(carol.words('out')).toEqual(['MESSAGE']);
  const outlets = world.members.slice(0, 2).map((member) => member.farm!.figures.sentForOthers);
  expect(outlets.reduce((sum, one) => sum + one, 0)).toBe(1);
  await carol.answer(carol.last('MESSAGE', 'out'), 200, world.members[0]!);
  expect(alice.words('out')).toEqual(['200']);
});

test('what a member answers for an account comes back to it by the Record-Route', async () => {
  const connections: AgentConnection[] = [];
  const taken: string[] = [];
  const world = await open({
    services: (name) => ({
      agent: {
        connect: (connection) => connections.push(connection),
        take: (request) => {
          const { message, hop } = request;
          taken.push(name);
          const route = `<sip:192.0.2.1:5060;lr${connections[Number(name[1]) - 1]?.routeParameter ?? ''}>`;
          const headers = [[HeaderId.RecordRoute, route]] as const;
          request.accept()?.respond(reply(message, hop, 200, { toTag: 's', headers }), 200);
          return true;
        },
      },
    }),
  });
  const alice = await partyOf(world, '198.51.100.7', 'udp');
  for (const [at, member] of world.members.entries()) {
    taken.length = 0;
    const dialog = { uri: 'sip:bob@example.org', callId: `sub-${at}`, fromTag: 'a', headers: ['Event: presence'] };
    await alice.send({ ...dialog, method: 'SUBSCRIBE', branch: `z9hG4bKs${at}`, cseq: 1 }, member);
    const routes = alice.last('200', dialog.callId).elements(HeaderId.RecordRoute);
    expect(routes[0]).toMatch(/;hf=m\d\.-\.[0-9a-f]{8}>$/);
    for (const [again, other] of world.members.entries()) {
      const refresh = {
        ...dialog,
        method: 'SUBSCRIBE',
        branch: `z9hG4bKs${at}${again}`,
        cseq: 2 + again,
        toTag: 's',
        routes,
      };
      await alice.send(refresh, other);
    }
    expect(new Set(taken).size).toBe(1);
    expect(taken).toHaveLength(4);
  }
});

test('a frame that comes again, or that nobody of the farm has made, is dropped', async () => {
  const world = await open({ members: 2 });
  const alice = await partyOf(world, '198.51.100.7', 'udp');
  await partyOf(world, '198.51.100.8', 'udp');
  world.bind('bob', 'sip:bob@198.51.100.8:5060');
  const [, target] = world.members as [Member, Member];
  const frames: Buffer[] = [];
  const carry = world.network.carry.bind(world.network);
  world.network.carry = (from, source, bytes, to) => {
    if (to.address === target.address) frames.push(Buffer.from(bytes));
    carry(from, source, bytes, to);
  };
  await callOwnedBy(alice, target);
  const frame = frames.at(-1)!;
  const intruder = await world.network.machine('10.0.0.66').bind({ host: '10.0.0.66', port: 5060 });
  const before = { ...target.farm!.figures };
  const changed = Buffer.from(frame);
  changed[changed.length - 5]! ^= 1;
  for (const bytes of [frame, changed, Buffer.from('hello')]) intruder.send(bytes, target.address, 5062);
  await world.pass(20);
  expect(target.farm!.figures).toEqual({
    ...before,
    staleFrames: before.staleFrames + 1,
    badFrames: before.badFrames + 2,
  });
});
