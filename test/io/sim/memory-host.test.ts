import { describe, expect, test } from 'vitest';
import type { ByteStream, MutualTlsListenOptions } from '#io';
import { createNodeAuthorities, createNodeClock } from '#io/node';
import { MemoryNetwork, SeededRandom, simulatedIdentity, VirtualClock, type MemoryHost } from '#io/sim';
import { Recorder } from '../recorder.ts';

const PORT = 5570;

interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly a: MemoryHost;
  readonly b: MemoryHost;
  readonly accepted: { readonly stream: ByteStream; readonly peerName: string }[];
  readonly abandoned: string[];
}

async function world(options: Partial<MutualTlsListenOptions> = {}): Promise<World> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(3), latencyMs: 5 });
  const [a, b] = [network.host('10.0.0.1'), network.host('10.0.0.2')];
  const accepted: World['accepted'] = [];
  const abandoned: string[] = [];
  await b.network.listenMutualTls({
    host: '0.0.0.0',
    port: PORT,
    identity: () => simulatedIdentity('b'),
    handshakeTimeoutMs: 1_000,
    admit: () => true,
    abandoned: (_remote, why) => abandoned.push(why),
    connected: (stream, peerName) => accepted.push({ stream, peerName }),
    ...options,
  });
  return { clock, network, a, b, accepted, abandoned };
}

async function dial({ clock, a }: World, name = 'a', authority?: string, peerName = 'b'): Promise<ByteStream> {
  const identity = simulatedIdentity(name, authority);
  const dialled = a.network.dialMutualTls({ host: '10.0.0.2', port: PORT, timeoutMs: 1_000, identity, peerName });
  dialled.catch(() => undefined);
  await clock.run(1_500);
  return dialled;
}

async function joined(): Promise<
  World & { readonly client: ByteStream; readonly heard: Recorder; readonly back: Recorder }
> {
  const made = await world();
  const client = await dial(made);
  const [heard, back] = [new Recorder(), new Recorder()];
  made.accepted[0]!.stream.receive(heard);
  client.receive(back);
  await made.clock.run(10);
  return { ...made, client, heard, back };
}

describe('mutual TLS in memory', () => {
  test('tells each side the name of the other', async () => {
    const made = await world();
    const client = await dial(made);
    expect(made.accepted[0]?.peerName).toBe('a');
    expect(client.tls?.protocol).toBe('TLSv1.3');
  });

  test('refuses another authority, and another name than was called', async () => {
    const made = await world();
    await expect(dial(made, 'a', 'elsewhere')).rejects.toMatchObject({ code: 'TLS_FAILED' });
    await expect(dial(made, 'a', undefined, 'c')).rejects.toThrow('its certificate is of "b", not of "c"');
    expect(made.accepted).toEqual([]);
    expect(made.abandoned).toEqual(['its certificate is not taken', 'closed by the other side']);
  });

  test('takes real certificates, and looks at who signed them', async () => {
    const authorities = createNodeAuthorities(createNodeClock());
    const validMs = 86_400_000;
    const authority = await authorities.makeAuthority({ commonName: 'farm', validMs });
    const issue = async (commonName: string) => {
      const { requestDer, privateKeyPem } = await authorities.makeRequest(commonName);
      const made = { authority, requestDer, commonName, dnsNames: [], addresses: [], validMs };
      return { certificatePem: await authorities.sign(made), privateKeyPem, authorityPem: authority.certificatePem };
    };
    const [identityOfA, identityOfB] = [await issue('a'), await issue('b')];
    const { clock, a, accepted } = await world({ identity: () => identityOfB });
    const to = { host: '10.0.0.2', port: PORT, timeoutMs: 1_000, peerName: 'b' };
    const stranger = a.network.dialMutualTls({ ...to, identity: simulatedIdentity('a') });
    stranger.catch(() => undefined);
    const known = a.network.dialMutualTls({ ...to, identity: identityOfA });
    await clock.run(1_500);
    await expect(stranger).rejects.toMatchObject({ code: 'TLS_FAILED' });
    expect((await known).isClosed).toBe(false);
    expect(accepted.map(({ peerName }) => peerName)).toEqual(['a']);
  });
});

describe('a host in memory', () => {
  test('that listens on any address is reached by its own alone', async () => {
    const made = await world();
    const identity = simulatedIdentity('a');
    const dialled = made.a.network.dialMutualTls({
      host: '10.0.0.3',
      port: PORT,
      timeoutMs: 500,
      identity,
      peerName: 'b',
    });
    dialled.catch(() => undefined);
    await made.clock.run(1_000);
    await expect(dialled).rejects.toMatchObject({ code: 'REFUSED' });
  });

  test('frozen hears nothing and does nothing, its timers neither; thawed it goes on where it was', async () => {
    const { clock, b, client, heard } = await joined();
    const ran: string[] = [];
    b.clock.after(50, () => ran.push('after'));
    b.clock.every(100, () => ran.push('every'));
    b.freeze();
    client.write(Buffer.from('hello'));
    await clock.run(1_000);
    expect([heard.text, ran]).toEqual(['', []]);
    b.thaw();
    await clock.run(50);
    expect([heard.text, ran]).toEqual(['hello', ['after', 'every']]);
  });

  test('frozen takes connections only when it goes on', async () => {
    const made = await world();
    made.b.freeze();
    await expect(dial(made)).rejects.toMatchObject({ code: 'TIMEOUT' });
    made.b.thaw();
    await expect(dial(made)).resolves.toBeDefined();
  });

  test('killed: the others hear the end at once, its own program nothing any more, and its port is free', async () => {
    const { clock, network, a, b, client, heard, back } = await joined();
    let ran = 0;
    b.clock.after(1_000, () => ran++);
    b.kill();
    await clock.run(20);
    expect(back.ending).toMatchObject({ clean: false });
    await clock.run(2_000);
    expect([heard.ending, ran]).toEqual([undefined, 0]);
    expect(client.isClosed).toBe(true);
    const to = { host: '10.0.0.2', port: PORT, timeoutMs: 500, identity: simulatedIdentity('a'), peerName: 'b' };
    const refused = a.network.dialMutualTls(to);
    refused.catch(() => undefined);
    await clock.run(600);
    await expect(refused).rejects.toMatchObject({ code: 'REFUSED' });
    const again = network.host('10.0.0.2');
    expect(again.clock.nowMs()).toBe(clock.nowMs());
  });

  test('without power: nobody hears anything', async () => {
    const { clock, b, client, back } = await joined();
    b.powerOff();
    client.write(Buffer.from('hello?'));
    await clock.run(60_000);
    expect(back.ending).toBeUndefined();
  });

  test('can have its time of day set', async () => {
    const { clock, b } = await joined();
    b.setWallClockOff(-3_600_000);
    expect(b.clock.wallMs()).toBe(clock.wallMs() - 3_600_000);
    expect(b.clock.nowMs()).toBe(clock.nowMs());
  });
});

describe('a cut between two hosts', () => {
  test('holds up what is sent, and new connections time out; healed, everything arrives in order', async () => {
    const made = await joined();
    const { clock, network, a, b, client, heard } = made;
    network.cut(a.address, b.address);
    client.write(Buffer.from('one '));
    await clock.run(5_000);
    client.write(Buffer.from('two'));
    await expect(dial(made)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(heard.text).toBe('');
    network.heal(b.address, a.address);
    await clock.run(20);
    expect(heard.text).toBe('one two');
  });

  test('healed: what was held up arrives before what is on its way at that moment', async () => {
    const { clock, network, a, b, client, heard } = await joined();
    network.cut(a.address, b.address);
    client.write(Buffer.from('one '));
    await clock.run(100);
    client.write(Buffer.from('two '));
    await clock.run(3);
    network.heal(a.address, b.address);
    client.write(Buffer.from('three'));
    await clock.run(20);
    expect(heard.text).toBe('one two three');
  });

  test('one way lets the other way through', async () => {
    const { clock, network, a, b, accepted, client, heard, back } = await joined();
    network.cutOneWay(a.address, b.address);
    client.write(Buffer.from('lost'));
    accepted[0]!.stream.write(Buffer.from('heard'));
    await clock.run(1_000);
    expect([heard.text, back.text]).toEqual(['', 'heard']);
  });
});
