import { describe, expect, test } from 'vitest';
import type { Target } from '../../../src/sip/transport/target.ts';
import { targetOf } from '../../../src/sip/transport/target.ts';
import {
  answer,
  defaultTransportSettings,
  options,
  PHONE,
  SERVER,
  SERVER6,
  TransportWorld,
  type StreamPhone,
} from './transport-world.ts';

const phoneTarget = (changes: Partial<Target> = {}): Target => ({
  transport: 'udp',
  address: PHONE,
  port: 5060,
  ...changes,
});
const never = (): void => {
  throw new Error('it should have been sent');
};

describe('SIP over UDP', () => {
  test('gives messages with the flow that they came by, one object for all of a sender', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.phone();
    phone.send(options('UDP 192.0.2.7;branch=z9hG4bK1'));
    phone.send(options('UDP 192.0.2.7;branch=z9hG4bK2'));
    await world.pass();
    const [first, second] = world.messages;
    expect(first!.message.method).toBe('OPTIONS');
    expect(first!.hop).toMatchObject({ transport: 'udp', remoteAddress: PHONE, remotePort: 5060, connectionId: 0 });
    expect(second!.hop).toBe(first!.hop);
    expect(world.transport.counters.receivedFigures().requests.get('OPTIONS')).toBe(2);
  });

  test('says nothing of keep-alives, and tells what is no message', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.phone();
    for (const text of ['', '\r\n', '\r\n\r\n', '\0\0\0\0']) phone.send(text);
    await world.pass();
    expect([world.messages, world.bad]).toEqual([[], []]);
    phone.send('hello world\r\n\r\n');
    await world.pass();
    expect(world.bad).toHaveLength(1);
    expect(world.transport.figures().transports.udp.garbage).toBe(1);
  });

  // RFC 3261 §18.2.2, RFC 3581 §4
  test.each([
    ['to the port of sent-by', 'UDP 192.0.2.7:5070;branch=z9hG4bK1', 5070],
    ['to 5060 where sent-by has none', 'UDP phone.example.net;branch=z9hG4bK1', 5060],
    ['to the port that it came from with rport', 'UDP 10.0.0.1:5070;rport;branch=z9hG4bK1', 5090],
  ])('answers at the address that the request came from: %s', async (_what, via, port) => {
    const world = await new TransportWorld().start();
    const [asker, listener] = [
      await world.phone(PHONE, 5090),
      port === 5090 ? undefined : await world.phone(PHONE, port),
    ];
    asker.send(options(via));
    await world.pass();
    const { message, hop } = world.last;
    world.transport.respond(answer, hop, message.topVia()!);
    await world.pass();
    expect((listener ?? asker).letters).toEqual([{ text: answer.toString(), from: `${SERVER}:5060` }]);
  });

  test('answers where maddr says', async () => {
    const world = await new TransportWorld().start();
    const [asker, other] = [await world.phone(), await world.phone('192.0.2.8')];
    asker.send(options('UDP 192.0.2.7;maddr=192.0.2.8;branch=z9hG4bK1'));
    await world.pass();
    world.transport.respond(answer, world.last.hop, world.last.message.topVia()!);
    await world.pass();
    expect([asker.letters.length, other.letters.length]).toEqual([0, 1]);
  });

  test('leaves by the socket of the virtual address what came in by it (direct server return)', async () => {
    const world = new TransportWorld({
      plain: [
        { host: '192.0.2.100', port: 5060 },
        { host: undefined, port: 5060 },
      ],
    });
    world.machine.setAddresses(SERVER, '192.0.2.100');
    await world.start();
    const phone = await world.phone();
    for (const to of ['192.0.2.100', SERVER]) {
      phone.send(options('UDP 192.0.2.7;branch=z9hG4bK1'), to);
      await world.pass();
      world.transport.respond(answer, world.last.hop, world.last.message.topVia()!);
      await world.pass();
      expect(phone.letters.at(-1)!.from).toBe(`${to}:5060`);
      const back = targetOf(world.last.hop);
      expect(world.transport.viaFor(back)).toEqual({ sentBy: `${to}:5060`, transport: 'UDP' });
      world.transport.send(Buffer.from(options('UDP x')), back, never);
      await world.pass();
      expect(phone.letters.at(-1)!.from).toBe(`${to}:5060`);
    }
    // What belongs to nothing that came in leaves by the first one that fits.
    expect(world.transport.viaFor(phoneTarget()).sentBy).toBe('192.0.2.100:5060');
  });

  test('tells the sender when nobody listens there', async () => {
    const world = await new TransportWorld().start();
    world.datagramNetwork.machine(PHONE);
    const failures: string[] = [];
    world.transport.send(Buffer.from(options('UDP x')), phoneTarget(), ({ message }) => failures.push(message));
    expect(failures).toEqual([]);
    await world.pass();
    expect(failures).toEqual([`cannot send to ${PHONE}:5060: the connection was refused`]);
  });

  test('tells the sender, later, when no socket reaches the place', async () => {
    const world = await new TransportWorld({ plain: [{ host: SERVER, port: 5060 }] }).start();
    const failures: string[] = [];
    world.transport.send(Buffer.from(options('UDP x')), phoneTarget({ address: '2001:db8::7' }), ({ message }) =>
      failures.push(message),
    );
    expect(failures).toEqual([]);
    await world.pass();
    expect(failures[0]).toContain('no UDP socket of this server reaches it');
    expect(world.transport.figures().transports.udp.failedMessages).toBe(1);
  });
});

describe('large requests for UDP', () => {
  const large = Buffer.from(options('UDP 192.0.2.1:5060;branch=z9hG4bK1', [], 'x'.repeat(1300)));

  test('go by TCP, and their Via says so (RFC 3261 §18.1.1)', async () => {
    const world = await new TransportWorld().start();
    const accepted: string[] = [];
    await world.streams.host(PHONE).network.listenTcp({
      host: PHONE,
      port: 5060,
      admit: () => true,
      connected: (stream) =>
        stream.receive({ data: (chunk) => accepted.push(chunk.toString()), closed: () => undefined }),
    });
    const phone = await world.phone();
    world.transport.send(large, phoneTarget(), never);
    await world.pass();
    expect(phone.letters).toEqual([]);
    const byTcp = large.toString().replace('SIP/2.0/UDP', 'SIP/2.0/TCP');
    expect(accepted.join('')).toBe(byTcp);
    // The same bytes: a retransmission, which a connection does not need.
    world.transport.send(large, phoneTarget(), never);
    await world.pass();
    expect(accepted.join('')).toBe(byTcp);
    world.transport.send(Buffer.from(large), phoneTarget(), never);
    await world.pass();
    expect(accepted.join('')).toBe(byTcp + byTcp);
    expect(world.transport.figures().connections).toBe(1);
  });

  test('go by UDP after all where nobody takes TCP, and soon without trying', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.phone();
    world.transport.send(large, phoneTarget(), never);
    await world.pass();
    expect(phone.letters.map(({ text }) => text)).toEqual([large.toString()]);
    world.transport.send(large, phoneTarget(), never);
    await world.pass(2);
    expect(phone.letters).toHaveLength(2);
  });

  test('stay on the flow that a telephone has opened, and answers always do', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.phone();
    phone.send(options('UDP 192.0.2.7;branch=z9hG4bK1'));
    await world.pass();
    world.transport.send(large, targetOf(world.last.hop), never);
    world.transport.respond(large, world.last.hop, world.last.message.topVia()!);
    await world.pass(5);
    expect(phone.letters).toHaveLength(2);
  });
});

describe.each([false, true])('SIP over a stream, TLS %s', (tls) => {
  const name = tls ? 'tls' : 'tcp';
  const port = tls ? 5061 : 5060;

  test('cuts messages wherever they were split, and answers on the connection', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.connect({ tls });
    const text = options('TCP 192.0.2.7;branch=z9hG4bK1', [], 'body') + options('TCP 192.0.2.7;branch=z9hG4bK2');
    for (let at = 0; at < text.length; at += 97) phone.send(text.slice(at, at + 97));
    await world.pass();
    expect(world.messages.map(({ message }) => message.body().toString())).toEqual(['body', '']);
    const { hop, message } = world.last;
    expect(hop).toMatchObject({ transport: name, local: { address: SERVER, port } });
    world.transport.respond(answer, hop, message.topVia()!);
    world.transport.send(Buffer.from('REQUEST'), targetOf(hop), never);
    await world.pass();
    expect(phone.text).toBe(`${answer.toString()}REQUEST`);
  });

  test('answers keep-alives of RFC 5626 §3.5.1', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.connect({ tls });
    phone.send('\r\n\r\n');
    await world.pass();
    expect(phone.text).toBe('\r\n');
  });

  test('closes a connection whose bytes make no message, and says which', async () => {
    const world = await new TransportWorld().start();
    const phone = await world.connect({ tls });
    phone.send(options('TCP x;branch=z9hG4bK1').replace('Content-Length: 0', 'Content-Length: many'));
    await world.pass();
    expect(world.bad).toHaveLength(1);
    expect(phone.isClosed).toBe(true);
    expect(world.ended).toHaveLength(1);
  });

  test('closes a connection that says nothing at all, and later one that has fallen silent', async () => {
    const world = await new TransportWorld({ connectionIdleMs: 100_000 }).start();
    const [silent, talker] = [await world.connect({ tls }), await world.connect({ tls })];
    talker.send(options('TCP x;branch=z9hG4bK1'));
    await world.pass(40_000);
    expect([silent.isClosed, talker.isClosed]).toEqual([true, false]);
    talker.send('\r\n\r\n');
    await world.pass(80_000);
    expect(talker.isClosed).toBe(false);
    await world.pass(30_000);
    expect(talker.isClosed).toBe(true);
    expect(world.transport.figures().connections).toBe(0);
  });

  test('opens one connection for all that goes to a place, and answers come back on it', async () => {
    const world = await new TransportWorld().start();
    const far: StreamPhoneSide[] = [];
    await listenAt(world, tls, far);
    const target = phoneTarget({ transport: name, port });
    for (const text of ['one ', 'two ', 'three']) world.transport.send(Buffer.from(text), target, never);
    await world.pass();
    expect(far.map(({ text }) => text)).toEqual(['one two three']);
    far[0]!.write(
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
    );
    await world.pass();
    expect(world.last.message.status).toBe(200);
    expect(world.last.hop.socketId).toBe(0);
  });

  test('goes on by a connection to a named server when its Record-Route has but the address', async () => {
    const world = await new TransportWorld().start();
    const far: StreamPhoneSide[] = [];
    await listenAt(world, tls, far);
    const target = phoneTarget({ transport: name, port });
    world.transport.send(Buffer.from('one '), tls ? { ...target, tlsName: 'sip.example.com' } : target, never);
    await world.pass();
    world.transport.send(Buffer.from('two '), tls ? { ...target, tlsName: target.address } : target, never);
    world.transport.send(Buffer.from('three'), target, never);
    await world.pass();
    expect(far.map(({ text }) => text)).toEqual(['one two three']);
  });

  test('opens a connection to sent-by for an answer whose connection has gone', async () => {
    const world = await new TransportWorld().start();
    const far: StreamPhoneSide[] = [];
    await listenAt(world, tls, far);
    const phone = await world.connect({ tls });
    phone.send(options(`TCP 192.0.2.7:${port};branch=z9hG4bK1`));
    await world.pass();
    phone.stream.destroy();
    await world.pass();
    expect(world.transport.hasFlow(world.last.hop.connectionId)).toBe(false);
    world.transport.respond(answer, world.last.hop, world.last.message.topVia()!);
    await world.pass();
    expect(far.map(({ text }) => text)).toEqual([answer.toString()]);
  });

  test('tells the sender when a connection cannot be opened, or is not the one that was meant', async () => {
    const world = await new TransportWorld().start();
    const failures: string[] = [];
    const failed = ({ message }: Error): void => {
      failures.push(message);
    };
    world.transport.send(Buffer.from('x'), phoneTarget({ transport: name, port }), failed);
    world.transport.send(Buffer.from('x'), phoneTarget({ transport: name, connectionId: 99 }), failed);
    await world.pass();
    expect(failures[0]).toContain('its connection has ended');
    expect(failures[1]).toContain('refused');
  });
});

interface StreamPhoneSide {
  text: string;
  write: (text: string) => void;
}

async function listenAt(world: TransportWorld, tls: boolean, far: StreamPhoneSide[]): Promise<void> {
  const machine = world.streams.host(PHONE).network;
  const connected = (stream: StreamPhone['stream']): void => {
    const side = { text: '', write: (text: string) => stream.write(Buffer.from(text)) };
    far.push(side);
    stream.receive({ data: (chunk) => (side.text += chunk.toString()), closed: () => undefined });
  };
  const common = { host: PHONE, port: tls ? 5061 : 5060, admit: () => true, connected };
  const { simulatedIdentity } = await import('#io/sim');
  if (tls) {
    const identity = (): ReturnType<typeof simulatedIdentity> => simulatedIdentity('phone.example.net');
    await machine.listenTls({ ...common, identity, handshakeTimeoutMs: 1000, abandoned: () => undefined });
  } else await machine.listenTcp(common);
}

describe('SIP over WebSocket', () => {
  test('has one message in each frame, and answers keep-alives', async () => {
    const world = await new TransportWorld().start();
    const browser = world.webSockets.join()!;
    browser.sink!.message(Buffer.from(options('WS df7jal23ls0d.invalid;branch=z9hG4bK1')));
    browser.sink!.message(Buffer.from('\r\n\r\n'));
    const { hop, message } = world.last;
    expect(hop).toMatchObject({ transport: 'ws', remoteAddress: PHONE });
    world.transport.respond(answer, hop, message.topVia()!);
    world.transport.send(Buffer.from('REQUEST'), targetOf(hop), never);
    expect(browser.sent).toEqual(['\r\n', answer.toString(), 'REQUEST']);
    expect(world.transport.viaFor(targetOf(hop))).toEqual({ sentBy: `${SERVER}:5080`, transport: 'WS' });
  });

  test('fails at once to a browser that has gone', async () => {
    const world = await new TransportWorld().start();
    const browser = world.webSockets.join()!;
    browser.sink!.message(Buffer.from(options('WS df7jal23ls0d.invalid;branch=z9hG4bK1')));
    const { hop, message } = world.last;
    browser.close();
    expect(world.ended).toEqual([hop]);
    const failures: string[] = [];
    world.transport.send(Buffer.from('x'), phoneTarget({ transport: 'ws' }), (error) => failures.push(error.message));
    world.transport.respond(answer, hop, message.topVia()!);
    await world.pass();
    expect(failures[0]).toContain('browsers take none');
  });
});

describe('places to listen at', () => {
  test('that cannot be had are shown, stop no other, and are tried again: an address may be added later', async () => {
    const world = new TransportWorld({
      plain: [
        { host: undefined, port: 5060 },
        { host: '192.0.2.100', port: 5070 },
      ],
    });
    await world.start();
    const shut = (): (string | undefined)[] =>
      world.transport
        .listeners()
        .filter(({ isListening }) => !isListening)
        .map(({ error }) => error);
    expect(shut()).toEqual(['cannot listen on 192.0.2.100:5070: this machine has no such address']);
    expect(world.transport.isOwnAddress('192.0.2.100', 5070, 'udp')).toBe(false);
    world.machine.setAddresses(SERVER, '192.0.2.100');
    await world.pass(5_100);
    expect(shut()).toEqual([]);
    expect(world.transport.isOwnAddress('192.0.2.100', 5070, 'udp')).toBe(true);
    expect(world.transport.isOwnAddress('192.0.2.100', 5060)).toBe(true);
  });

  test('are this server: its addresses with their ports, its names; nothing else', async () => {
    const world = await new TransportWorld().start();
    const isOwn = world.transport.isOwnAddress.bind(world.transport);
    expect(isOwn(SERVER, 5060)).toBe(true);
    expect(isOwn(SERVER, undefined)).toBe(true);
    expect(isOwn(SERVER, 5061, 'tls')).toBe(true);
    expect(isOwn(SERVER, undefined, 'tls')).toBe(true);
    expect(isOwn(SERVER6, 5060)).toBe(true);
    expect(isOwn('SIP.example.org', undefined)).toBe(true);
    expect(isOwn('sip.example.org', 5060)).toBe(true);
    expect(isOwn('sip.example.org', 5555)).toBe(false);
    expect(isOwn(SERVER, 5555)).toBe(false);
    expect(isOwn(SERVER, 5061, 'udp')).toBe(false);
    expect(isOwn(PHONE, 5060)).toBe(false);
    expect(isOwn('example.org', 5060)).toBe(false);
  });

  test('say in a Via what the other side sees: the address of the network that it is in', async () => {
    const world = await new TransportWorld().start();
    const sentBy = (address: string): string => world.transport.viaFor(phoneTarget({ address })).sentBy;
    expect(sentBy('192.0.2.7')).toBe(`${SERVER}:5060`);
    expect(sentBy('203.0.113.9')).toBe(`${SERVER}:5060`);
    expect(sentBy('127.0.0.1')).toBe('127.0.0.1:5060');
    expect(sentBy('2001:db8::7')).toBe(`[${SERVER6}]:5060`);
  });

  test('take so many connections and no more, from one address and from all', async () => {
    const world = await new TransportWorld().start();
    for (let i = 0; i < 2_000; i++) expect(world.webSockets.join('192.0.2.9')).toBeDefined();
    expect(world.webSockets.join('192.0.2.9')).toBeUndefined();
    for (let i = 0; i < 18_000; i++) world.webSockets.join(`10.0.${i % 250}.1`);
    expect(world.transport.figures().connections).toBe(20_000);
    expect(world.webSockets.join('192.0.2.10')).toBeUndefined();
    expect(defaultTransportSettings.names).toEqual(['sip.example.org']);
  });
});
