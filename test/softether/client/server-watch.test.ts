import { beforeEach, describe, expect, test } from 'vitest';
import type { Timer } from '#io';
import { VirtualClock } from '#io/sim';
import { everybody, frame, mac, sizeOf } from '../../hub/hub-fixture.ts';
import { encodeRedirect } from '../../../src/softether/codec/redirect.ts';
import { ClientRig, RunningClient } from './client-rig.ts';
import { ScriptedServer, type ScriptedConnection } from './scripted-server.ts';

const SERVER = '192.0.2.254';
const MEMBER = '192.0.2.253';
const OTHER = '192.0.2.252';
const question = frame(mac(1), mac(2), 'are you there?');
const answer = frame(mac(2), mac(1), 'yes');
const announcement = frame(everybody, mac(2), 'here I am');

let rig: ClientRig;

beforeEach(() => {
  rig = new ClientRig(new VirtualClock());
});

const say = (to: ScriptedConnection, one: Buffer): void => {
  to.stream.write(Buffer.concat([Buffer.from([0, 0, 0, 1]), sizeOf(one), one]));
};

/** A server with a session that has sent frames every so often for so long. */
async function afterStream({ everyMs = 100, lastsMs = 8_000, sends = question } = {}): Promise<{
  client: RunningClient;
  server: ScriptedServer;
  stream: Timer;
}> {
  const server = await ScriptedServer.listen(rig, SERVER);
  const client = new RunningClient(rig);
  await client.connected();
  const session = server.last;
  const stream = rig.clock.every(everyMs, () => say(session, sends));
  await rig.clock.run(lastsMs);
  return { client, server, stream };
}

/** From now on nothing comes from it, neither on the session nor to those who ask. */
const freeze = (server: ScriptedServer, stream: Timer): number => {
  stream.cancel();
  server.script = { hello: () => undefined };
  return rig.clock.nowMs();
};

describe('a server that stops in the middle of', () => {
  test.each([100, 1_000])(
    'a stream of frames every %d ms is left in less than 5 s by a client that sends nothing itself',
    async (everyMs) => {
      const { client, server, stream } = await afterStream({ everyMs });
      const frozenMs = freeze(server, stream);
      await rig.clock.run(6_000);
      expect(client.all('lost')[0]?.why).toBe('dead');
      expect(client.times('lost')[0]! - frozenMs).toBeLessThan(5_000);
    },
  );

  test('questions that this client answers is left in less than 5 s', async () => {
    const { client, server, stream } = await afterStream();
    const answers = rig.clock.every(100, () => client.port.takeFrames().forEach(() => client.port.send(answer)));
    await rig.clock.run(3_000);
    const frozenMs = freeze(server, stream);
    await rig.clock.run(6_000);
    answers.cancel();
    expect(client.times('lost')[0]! - frozenMs).toBeLessThan(5_000);
  });

  test.each([0, 300, 700, 1_100, 1_450])(
    'answers to this client is left in less than 5 s, %d ms after one of the looks at it began',
    async (phaseMs) => {
      const { client, server, stream } = await afterStream({ lastsMs: 2_000 + phaseMs });
      const questions = rig.clock.every(100, () => client.isConnected && client.port.send(answer));
      await rig.clock.run(1_500 + phaseMs);
      const frozenMs = freeze(server, stream);
      await rig.clock.run(6_000);
      questions.cancel();
      expect(client.all('lost')[0]?.why).toBe('dead');
      expect(client.times('lost')[0]! - frozenMs).toBeLessThan(5_000);
    },
  );
});

test('a client whose member has stopped is where the controller sends it within 5 s', async () => {
  const targets = [MEMBER, OTHER];
  await ScriptedServer.listen(rig, SERVER, {
    ask: (pack, connection) => {
      if (pack.str('method') !== 'login') return;
      const address = targets.shift()!;
      const ticket = Buffer.alloc(20, 5);
      connection.answer(
        encodeRedirect({ address, ports: [443], ticket, certificateDer: Buffer.alloc(0), message: '' }),
      );
    },
  });
  const member = await ScriptedServer.listen(rig, MEMBER);
  await ScriptedServer.listen(rig, OTHER);
  const client = new RunningClient(rig);
  await client.connected();
  const session = member.last;
  const stream = rig.clock.every(100, () => say(session, question));
  await rig.clock.run(12_000);
  const frozenMs = freeze(member, stream);
  await client.connected(6_000);
  expect(client.client.session?.at.address).toBe(OTHER);
  expect(client.times('connected').at(-1)! - frozenMs).toBeLessThan(5_000);
});

describe('a server that lives is', () => {
  test('asked once when a stream ends, and not again before another has ended', async () => {
    const { client, server, stream } = await afterStream();
    stream.cancel();
    const keepAlive = rig.clock.every(9_000, () => server.connections[0]!.keepAlive());
    await rig.clock.run(60_000);
    keepAlive.cancel();
    expect(server.connections).toHaveLength(2);
    expect(client.kinds).not.toContain('lost');
  });

  test('not asked after a short exchange, nor where frames come now and then', async () => {
    const { server, stream } = await afterStream({ lastsMs: 2_000 });
    stream.cancel();
    await rig.clock.run(5_000);
    server.connections[0]!.keepAlive();
    const nowAndThen = rig.clock.every(3_000, () => say(server.connections[0]!, question));
    await rig.clock.run(60_000);
    nowAndThen.cancel();
    expect(server.connections).toHaveLength(1);
  });

  test('not asked when broadcasts pause: all clients of a hub would ask at once', async () => {
    const { server, stream } = await afterStream({ sends: announcement });
    stream.cancel();
    await rig.clock.run(9_000);
    expect(server.connections).toHaveLength(1);
  });

  test('asked less and less often where streams come and end again and again', async () => {
    const { client, server, stream } = await afterStream({ lastsMs: 6_000 });
    stream.cancel();
    const session = server.connections[0]!;
    for (let round = 0; round < 60; round++) {
      await rig.clock.run(4_000);
      const again = rig.clock.every(100, () => say(session, question));
      await rig.clock.run(6_000);
      again.cancel();
    }
    expect(client.kinds).not.toContain('lost');
    expect(server.connections.length - 1).toBeGreaterThan(3);
    expect(server.connections.length - 1).toBeLessThan(16);
  });
});
