import { beforeEach, describe, expect, test } from 'vitest';
import { certificateDer } from '#base';
import { VirtualClock } from '#io/sim';
import { everybody, frame, mac } from '../../hub/hub-fixture.ts';
import { encodeAdditionalConnectAnswer } from '../../../src/softether/codec/additional-connect.ts';
import { encodeError } from '../../../src/softether/codec/login-answer.ts';
import { Pack } from '../../../src/softether/codec/pack.ts';
import { encodeRedirect } from '../../../src/softether/codec/redirect.ts';
import { encodeWelcome } from '../../../src/softether/codec/welcome.ts';
import { ClientRig, identityOf, RunningClient } from './client-rig.ts';
import { greet, ScriptedServer, welcome, type Script } from './scripted-server.ts';

const CONTROLLER = '192.0.2.254';
const MEMBER = '192.0.2.253';
const TICKET = Buffer.alloc(20, 5);

let rig: ClientRig;

beforeEach(() => {
  rig = new ClientRig(new VirtualClock());
});

const certificateOf = async (address: string): Promise<Buffer> =>
  certificateDer(Buffer.from((await identityOf(address)).certificatePem))!;

describe('a redirect', () => {
  const redirecting = async (change: Partial<Parameters<typeof encodeRedirect>[0]> = {}): Promise<Script> => {
    const redirect = {
      address: MEMBER,
      ports: [443],
      ticket: TICKET,
      certificateDer: await certificateOf(MEMBER),
      message: 'welcome to the farm',
      ...change,
    };
    return {
      ask: (pack, connection) => {
        if (pack.str('method') === 'login') connection.answer(encodeRedirect(redirect));
      },
    };
  };

  test('is followed with its ticket, after an empty PACK to the controller', async () => {
    const controller = await ScriptedServer.listen(rig, CONTROLLER, await redirecting());
    const member = await ScriptedServer.listen(rig, MEMBER);
    const client = new RunningClient(rig);
    await client.connected();
    await rig.clock.run(50);
    expect(controller.last.packs.map(({ elements }) => elements.length > 0)).toEqual([true, false]);
    expect(controller.last.isClosed).toBe(true);
    const [login] = member.last.packs;
    expect([login?.int('authtype'), login?.data('ticket'), login?.has('secure_password')]).toEqual([99, TICKET, false]);
    expect(login?.str('hubname')).toBe('OFFICE');
    expect(client.last('redirected')).toMatchObject({
      to: { address: MEMBER, port: 443 },
      message: 'welcome to the farm',
    });
    expect(client.client.session?.at.address).toBe(MEMBER);
  });

  test.each([
    ['the port that was used at the controller, where the member has it', [992, 443], 443],
    ['else the first one', [992, 5555], 992],
  ])('leads to %s', async (_name, ports, expected) => {
    await ScriptedServer.listen(rig, CONTROLLER, await redirecting({ ports }));
    await ScriptedServer.listen(rig, MEMBER, {}, expected);
    const client = new RunningClient(rig);
    await client.connected();
    expect(client.client.session?.at.port).toBe(expected);
  });

  test('to a member with another certificate is refused before anything is sent', async () => {
    await ScriptedServer.listen(rig, CONTROLLER, await redirecting({ certificateDer: await certificateOf('other') }));
    const member = await ScriptedServer.listen(rig, MEMBER);
    const client = new RunningClient(rig);
    await rig.clock.run(200);
    expect(client.last('failed').failure).toMatchObject({ kind: 'untrusted', healsByWaiting: true });
    expect(client.last('failed').failure.message).toContain('192.0.2.253:443 shows another certificate');
    expect(member.last.packs).toEqual([]);
    expect(member.last.isClosed).toBe(true);
  });

  test('in circles is given up', async () => {
    const controller = await ScriptedServer.listen(
      rig,
      CONTROLLER,
      await redirecting({
        address: CONTROLLER,
        certificateDer: await certificateOf(CONTROLLER),
      }),
    );
    const client = new RunningClient(rig);
    await rig.clock.run(250);
    expect(client.last('failed').failure.message).toContain('in circles');
    expect(controller.connections.length).toBe(4);
  });

  test('is not remembered: when the member is lost, the controller is asked again', async () => {
    const controller = await ScriptedServer.listen(rig, CONTROLLER, await redirecting());
    const member = await ScriptedServer.listen(rig, MEMBER);
    const client = new RunningClient(rig);
    await client.connected();
    await member.close();
    rig.network.pairs.at(-1)!.cut();
    await rig.clock.run(400);
    expect(client.last('failed').failure).toMatchObject({ kind: 'unreachable' });
    const third = '192.0.2.252';
    controller.script = await redirecting({ address: third, certificateDer: await certificateOf(third) });
    await ScriptedServer.listen(rig, third);
    await client.connected();
    expect(client.client.session?.at.address).toBe(third);
    expect(controller.connections.length).toBeGreaterThanOrEqual(3);
  });

  test('is followed for further connections too: they go to the member and must show its certificate', async () => {
    await ScriptedServer.listen(rig, CONTROLLER, await redirecting());
    const member = await ScriptedServer.listen(rig, MEMBER, {
      ask: (pack, connection) => {
        const isLogin = pack.str('method') === 'login';
        if (isLogin) connection.begin(encodeWelcome({ ...welcome, maxConnection: 2 }));
        else connection.begin(encodeAdditionalConnectAnswer('both'));
      },
    });
    const client = new RunningClient(rig, { account: { maxConnection: 2 } });
    await client.connected();
    await rig.clock.run(1_500);
    expect(member.connections.map(({ packs }) => packs[0]?.str('method'))).toEqual(['login', 'additional_connect']);
    expect(member.last.packs[0]?.data('session_key')).toEqual(welcome.sessionKey);
    expect(client.client.session?.connectionCount).toBe(2);
  });
});

describe('the certificate of a server', () => {
  test('is shown to the judge before anything is sent', async () => {
    const server = await ScriptedServer.listen(rig, CONTROLLER);
    const judged: unknown[] = [];
    const client = new RunningClient(rig, {
      judge: ({ name, port, tls }) => {
        judged.push([name, port, tls.peerCertificate]);
        return Promise.resolve('nobody vouches for it');
      },
    });
    await rig.clock.run(1_000);
    expect(judged).toEqual([[CONTROLLER, 443, await certificateOf(CONTROLLER)]]);
    expect(client.last('failed').failure).toMatchObject({ kind: 'untrusted', message: 'nobody vouches for it' });
    expect(client.last('waiting').delayMs).toBeGreaterThan(40_000);
    expect(server.last.packs).toEqual([]);
  });

  test('may take as long to judge as a person needs', async () => {
    await ScriptedServer.listen(rig, CONTROLLER);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const client = new RunningClient(rig, { judge: () => promise });
    await rig.clock.run(120_000);
    expect(client.kinds).toEqual(['connecting']);
    resolve(undefined);
    await client.connected();
  });

  test('must be the same on each connection of a session', async () => {
    const server = await ScriptedServer.listen(rig, CONTROLLER, {
      ask: (_pack, connection) => connection.begin(encodeWelcome({ ...welcome, maxConnection: 2 })),
    });
    const client = new RunningClient(rig, { account: { maxConnection: 2 } });
    await client.connected();
    await server.close();
    const other = await rig.listen(CONTROLLER, 443, {
      connected: (stream) => stream.receive({ data: () => expect.unreachable(), closed: () => undefined }),
      identity: await identityOf('impostor').then((identity) => () => identity),
    });
    await rig.clock.run(10_000);
    expect(rig.network.pairs.length).toBeGreaterThan(2);
    expect(client.client.session?.connectionCount).toBe(1);
    expect(client.kinds).not.toContain('lost');
    await other.close();
  });
});

describe('a server that', () => {
  const failureOf = async (script: Script, ms = 1_000): Promise<RunningClient> => {
    await ScriptedServer.listen(rig, CONTROLLER, script);
    const client = new RunningClient(rig);
    await rig.clock.run(ms);
    return client;
  };

  test('refuses in its Hello is quoted', async () => {
    const client = await failureOf({ hello: (connection) => connection.answer(encodeError(105)) });
    expect(client.last('failed').failure).toMatchObject({ kind: 'refused', code: 105, healsByWaiting: true });
  });

  test('is no VPN server is called that', async () => {
    const client = await failureOf({ hello: (connection) => connection.answer(new Pack().setStr('hi', 'there')) });
    expect(client.last('failed').failure).toMatchObject({ kind: 'refused', code: 2, healsByWaiting: false });
  });

  test('answers with a web page is told from one that speaks', async () => {
    const page = 'HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno';
    const client = await failureOf({ hello: ({ stream }) => stream.write(Buffer.from(page)) });
    expect(client.last('failed').failure).toMatchObject({ kind: 'protocol', healsByWaiting: true });
    expect(client.last('failed').failure.message).toContain('HTTP status 404');
  });

  test('hangs up during the log-in is tried again soon', async () => {
    const client = await failureOf({ hello: ({ stream }) => stream.close() });
    expect(client.last('failed').failure.message).toContain('ended the connection during the log-in');
    expect(client.all('connecting').length).toBeGreaterThanOrEqual(2);
  });

  test('takes the connection and says nothing is given up after 15 s', async () => {
    const client = await failureOf({ hello: () => undefined }, 14_900);
    expect(client.kinds).toEqual(['connecting']);
    await rig.clock.run(200);
    expect(client.last('failed').failure.message).toContain('did not answer within 15 s');
  });

  test.each([
    ['a wrong password', 9, false],
    ['an unknown hub', 8, false],
    ['a full hub', 16, true],
    ['no farm member that could host it', 49, true],
    ['a number that nobody knows', 4711, true],
  ])('refuses with %s (error %i): waiting heals it = %s', async (_name, code, healsByWaiting) => {
    const client = await failureOf({ ask: (_pack, connection) => connection.answer(encodeError(code)) });
    expect(client.last('failed').failure).toMatchObject({ kind: 'refused', code, healsByWaiting });
    const isSoon = client.last('waiting').delayMs < 2_000;
    expect(isSoon).toBe(healsByWaiting);
  });

  test('sends its first frames in the same segment as the Welcome loses none of them', async () => {
    const first = frame(mac(1), mac(2), 'early');
    const client = await failureOf({
      hello: greet,
      ask: (_pack, connection) => {
        connection.begin(encodeWelcome(welcome));
        const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, first.length]);
        connection.stream.write(Buffer.concat([header, first]));
      },
    });
    expect(client.port.takeFrames()).toEqual([first.toString('hex')]);
  });

  test('sends a broken stream ends the session', async () => {
    const client = await failureOf({
      ask: (_pack, connection) => {
        connection.begin(encodeWelcome(welcome));
        connection.stream.write(Buffer.from([0, 0, 0, 1, 0, 1, 0, 0]));
      },
    });
    expect(client.all('lost')[0]?.why).toBe('broken');
  });

  test('has too many connections of the session already is asked less often', async () => {
    const server = await ScriptedServer.listen(rig, CONTROLLER, {
      ask: (pack, connection) => {
        if (pack.str('method') === 'login') connection.begin(encodeWelcome({ ...welcome, maxConnection: 8 }));
        else connection.answer(encodeError(15));
      },
    });
    const keepAlive = rig.clock.every(5_000, () => server.connections[0]?.keepAlive());
    const client = new RunningClient(rig, { account: { maxConnection: 8 } });
    await rig.clock.run(60_000);
    keepAlive.cancel();
    expect(client.client.session?.connectionCount).toBe(1);
    expect(client.kinds).not.toContain('lost');
    expect(server.connections.length).toBeGreaterThan(5);
    expect(server.connections.length).toBeLessThan(14);
  });

  test('does not know the session any more gets a new log-in', async () => {
    const server = await ScriptedServer.listen(rig, CONTROLLER, {
      ask: (pack, connection) => {
        if (pack.str('method') === 'login') connection.begin(encodeWelcome({ ...welcome, maxConnection: 2 }));
        else connection.answer(encodeError(13));
      },
    });
    const client = new RunningClient(rig, { account: { maxConnection: 2 } });
    await rig.clock.run(1_800);
    expect(client.last('lost').why).toBe('forgotten');
    expect(server.connections[0]?.isClosed).toBe(true);
    expect(client.all('connected').length).toBeGreaterThanOrEqual(2);
  });

  test('gives half duplex two directions: each connection carries frames one way, keep-alives too', async () => {
    const terms = { ...welcome, maxConnection: 2, halfConnection: true };
    const server = await ScriptedServer.listen(rig, CONTROLLER, {
      ask: (pack, connection) => {
        if (pack.str('method') === 'login') {
          connection.answer(encodeWelcome(terms));
          connection.isRaw = true;
        } else connection.begin(encodeAdditionalConnectAnswer('toClient'));
      },
    });
    const client = new RunningClient(rig, { account: { maxConnection: 2, halfConnection: true } });
    await client.connected();
    await rig.clock.run(500);
    client.port.send(frame(everybody, mac(1), 'up'));
    await rig.clock.run(30_000);
    const [up, down] = server.connections;
    expect(Buffer.concat(up!.received).toString('latin1')).toContain('up');
    expect(Buffer.concat(down!.received)).toHaveLength(0);
  });
});

describe('a name', () => {
  test('with several addresses is tried with each of them, and the good one first from then on', async () => {
    rig.names.set('vpn.example', ['192.0.2.10', '192.0.2.11', '192.0.2.12']);
    await ScriptedServer.listen(rig, '192.0.2.11');
    const client = new RunningClient(rig, { host: 'vpn.example' });
    await client.connected();
    expect(client.all('connecting').map(({ to }) => to.address)).toEqual(['192.0.2.10', '192.0.2.11']);
    rig.network.pairs.at(-1)!.cut();
    await client.connected();
    expect(client.last('connecting').to.address).toBe('192.0.2.11');
  });

  test('is not held up by an address that does not answer while there are others', async () => {
    rig.names.set('vpn.example', ['192.0.2.10', '192.0.2.11']);
    rig.network.isolate('192.0.2.10');
    await ScriptedServer.listen(rig, '192.0.2.11');
    const client = new RunningClient(rig, { host: 'vpn.example' });
    await client.connected(4_100);
  });

  test('is not tried on under other addresses when the server has said no', async () => {
    rig.names.set('vpn.example', ['192.0.2.10', '192.0.2.11']);
    await ScriptedServer.listen(rig, '192.0.2.10', { ask: (_pack, connection) => connection.answer(encodeError(9)) });
    await ScriptedServer.listen(rig, '192.0.2.11');
    const client = new RunningClient(rig, { host: 'vpn.example' });
    await rig.clock.run(2_000);
    expect(client.kinds).toEqual(['connecting', 'failed', 'waiting']);
  });

  test('is tried on under other addresses when a server speaks for itself alone: a member without a controller', async () => {
    rig.names.set('vpn.example', ['192.0.2.10', '192.0.2.11', '192.0.2.12']);
    await ScriptedServer.listen(rig, '192.0.2.10', { ask: (_pack, connection) => connection.answer(encodeError(12)) });
    await ScriptedServer.listen(rig, '192.0.2.11', { ask: (_pack, connection) => connection.answer(encodeError(48)) });
    await ScriptedServer.listen(rig, '192.0.2.12');
    const client = new RunningClient(rig, { host: 'vpn.example' });
    await client.connected();
    expect(client.all('connecting')).toHaveLength(3);
  });

  test('may have others for company: each is tried, and the one that worked first the next time', async () => {
    rig.names.set('two.example', ['192.0.2.20', '192.0.2.21']);
    await ScriptedServer.listen(rig, '192.0.2.21');
    const otherServers = [
      { host: 'nowhere.example', port: 443 },
      { host: 'two.example', port: 443 },
    ];
    const client = new RunningClient(rig, { host: '192.0.2.10', otherServers });
    await client.connected();
    expect(client.all('connecting').map(({ to }) => to.address)).toEqual(['192.0.2.10', '192.0.2.20', '192.0.2.21']);
    rig.network.pairs.at(-1)!.cut();
    await client.connected();
    expect(client.last('connecting').to).toMatchObject({ address: '192.0.2.21', name: 'two.example' });
  });

  test('that is unknown is looked up again', async () => {
    const client = new RunningClient(rig, { host: 'vpn.example' });
    await rig.clock.run(300);
    expect(client.last('failed').failure).toMatchObject({ kind: 'unreachable' });
    expect(client.last('failed').failure.message).toContain('vpn.example');
    rig.names.set('vpn.example', ['192.0.2.11']);
    await ScriptedServer.listen(rig, '192.0.2.11');
    await client.connected(3_000);
  });
});

describe('a member of a cluster', () => {
  const MEMBER = '192.0.2.30';
  const OTHER = '192.0.2.31';
  const ticket = Buffer.alloc(20, 1);
  const sendTo = (address: string): Pack =>
    encodeRedirect({ address, ports: [443], ticket, certificateDer: Buffer.alloc(0), message: '' });
  const sendOn =
    (targets: string[]): Script['ask'] =>
    (pack, connection) => {
      if (pack.str('method') === 'login') connection.answer(sendTo(targets.shift()!));
    };

  test('that died on the way, or does not know the ticket, is no end: the controller is asked again soon', async () => {
    const targets = ['192.0.2.99', MEMBER, OTHER];
    await ScriptedServer.listen(rig, CONTROLLER, { ask: sendOn(targets)! });
    await ScriptedServer.listen(rig, MEMBER, { ask: (_pack, connection) => connection.answer(encodeError(9)) });
    await ScriptedServer.listen(rig, OTHER);
    const client = new RunningClient(rig);
    await client.connected(3_000);
    expect(client.all('failed').map(({ failure }) => [failure.code, failure.healsByWaiting])).toEqual([
      [0, true],
      [9, true],
    ]);
    expect(client.last('connected').session.at.address).toBe(OTHER);
  });

  test('that hangs has four seconds to answer, then its controller is asked again', async () => {
    const targets = [MEMBER, OTHER];
    await ScriptedServer.listen(rig, CONTROLLER, { ask: sendOn(targets)! });
    await ScriptedServer.listen(rig, MEMBER, { hello: () => undefined });
    await ScriptedServer.listen(rig, OTHER);
    const client = new RunningClient(rig);
    await client.connected(5_000);
  });

  test('that ends a session which lasted is left within a tenth of a second, for where the controller sends us', async () => {
    const targets = [MEMBER, OTHER];
    await ScriptedServer.listen(rig, CONTROLLER, { ask: sendOn(targets)! });
    const member = await ScriptedServer.listen(rig, MEMBER);
    await ScriptedServer.listen(rig, OTHER);
    const client = new RunningClient(rig);
    await client.connected();
    const keepAlive = rig.clock.every(5_000, () => member.connections[0]!.keepAlive());
    await rig.clock.run(15_000);
    keepAlive.cancel();
    const endedMs = rig.clock.nowMs();
    member.connections[0]!.stream.close();
    await client.connected();
    expect(client.times('connecting').at(-1)! - endedMs).toBeLessThan(120);
    expect(client.last('connected').session.at.address).toBe(OTHER);
  });
});

describe('a server that has stopped', () => {
  /** Says nothing by itself, as a stopped process; `hangs` = nothing answers new connections either. */
  const silentServer = async (): Promise<ScriptedServer> =>
    ScriptedServer.listen(rig, CONTROLLER, {
      ask: (_pack, connection) => connection.begin(encodeWelcome(welcome)),
    });

  test('is noticed when it was silent for longer than any server is: 12 s of a time-out of 20 s', async () => {
    await silentServer();
    const client = new RunningClient(rig);
    await client.connected();
    const [connectedMs = 0] = client.times('connected');
    await rig.clock.run(14_000);
    expect(client.all('lost')[0]?.why).toBe('silent');
    const silentMs = client.times('lost')[0]! - connectedMs;
    expect(silentMs).toBeGreaterThan(11_500);
    expect(silentMs).toBeLessThan(13_000);
  });

  test('is asked when frames go out and nothing comes back, and given up when it does not answer', async () => {
    const server = await silentServer();
    const client = new RunningClient(rig);
    await client.connected();
    await rig.clock.run(1_000);
    server.script = { hello: () => undefined };
    const startMs = rig.clock.nowMs();
    client.port.send(frame(mac(1), mac(2), 'anybody?'));
    await rig.clock.run(7_000);
    expect(client.all('lost')[0]?.why).toBe('dead');
    expect(client.times('lost')[0]! - startMs).toBeLessThan(5_800);
    expect(server.connections[1]?.packs).toEqual([]);
  });

  test('is asked once and left in peace while it answers, though nothing comes back', async () => {
    const server = await silentServer();
    const client = new RunningClient(rig);
    await client.connected();
    const keepAlive = rig.clock.every(9_000, () => server.connections[0]!.keepAlive());
    const chatter = rig.clock.every(500, () => client.port.send(frame(mac(1), mac(2), 'one way')));
    await rig.clock.run(10 * 60_000);
    keepAlive.cancel();
    chatter.cancel();
    expect(client.kinds).not.toContain('lost');
    const probes = server.connections.length - 1;
    expect(probes).toBeGreaterThan(3);
    expect(probes).toBeLessThan(20);
    expect(server.connections.slice(1).every(({ isClosed }) => isClosed)).toBe(true);
  });

  test('is not asked for the sake of broadcasts, nor by a client that has nothing to send', async () => {
    const server = await silentServer();
    const client = new RunningClient(rig);
    await client.connected();
    client.port.send(frame(everybody, mac(1), 'who is there?'));
    await rig.clock.run(11_000);
    expect(server.connections).toHaveLength(1);
  });

  test('is not taken for dead because it refuses new connections', async () => {
    const server = await silentServer();
    const client = new RunningClient(rig);
    await client.connected();
    await server.close();
    client.port.send(frame(mac(1), mac(2), 'anybody?'));
    await rig.clock.run(8_000);
    expect(client.kinds).not.toContain('lost');
  });

  test('is noticed where its machine is cut off, also by a client that was not told by the system', async () => {
    await silentServer();
    const client = new RunningClient(rig);
    await client.connected();
    await rig.clock.run(1_000);
    rig.network.isolate(CONTROLLER);
    client.port.send(frame(mac(1), mac(2), 'anybody?'));
    await rig.clock.run(6_500);
    expect(client.all('lost')[0]?.why).toBe('dead');
  });

  test('is given up when half duplex leaves no connection to hear it on', async () => {
    await ScriptedServer.listen(rig, CONTROLLER, {
      ask: (pack, connection) => {
        if (pack.str('method') !== 'login') return;
        connection.answer(encodeWelcome({ ...welcome, maxConnection: 2, halfConnection: true }));
        connection.isRaw = true;
      },
    });
    const client = new RunningClient(rig, { account: { halfConnection: true, maxConnection: 2 } });
    await rig.clock.run(14_000);
    expect(client.all('lost')[0]?.why).toBe('silent');
  });
});
