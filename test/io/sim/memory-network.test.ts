import { describe, expect, test } from 'vitest';
import type { ByteStream, TlsListenOptions } from '#io';
import { createNodeCertificates } from '#io/node';
import { MemoryNetwork, SeededRandom, VirtualClock } from '#io/sim';
import { Recorder } from '../recorder.ts';

const identity = { certificatePem: '', privateKeyPem: '' };
const dialling = { host: '192.0.2.9', port: 443, timeoutMs: 1_000, tls: true };

interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly accepted: ByteStream[];
  readonly abandoned: string[];
  readonly listening: TlsListenOptions;
}

function world(): World {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(5), latencyMs: 10 });
  const accepted: ByteStream[] = [];
  const abandoned: string[] = [];
  const listening: TlsListenOptions = {
    host: '0.0.0.0',
    port: 443,
    identity: () => identity,
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: (_remote, why) => abandoned.push(why),
    connected: (stream) => accepted.push(stream),
  };
  return { clock, network, accepted, abandoned, listening };
}

/** Runs the clock until `dialled` is settled. */
async function settled<T>(clock: VirtualClock, dialled: Promise<T>): Promise<T> {
  dialled.catch(() => undefined);
  await clock.run(5_000);
  return dialled;
}

describe('a network in memory', () => {
  test('connects who dials with who listens, and both know the other', async () => {
    const { clock, network, accepted, listening } = world();
    await network.listenTls(listening);
    const client = await settled(clock, network.machine('198.51.100.7').dial(dialling));
    const [server] = accepted;
    expect(server!.remote.address).toBe('198.51.100.7');
    expect(client.remote).toEqual({ address: '192.0.2.9', port: 443 });
    expect([client.local, client.remote]).toEqual([server!.remote, server!.local]);
    const sink = new Recorder();
    server!.receive(sink);
    client.write(Buffer.from('hello'));
    await clock.run(100);
    expect(sink.text).toBe('hello');
  });

  test('refuses where nobody listens (any more), and a port that is taken', async () => {
    const { clock, network, listening } = world();
    await expect(settled(clock, network.dial(dialling))).rejects.toMatchObject({ code: 'REFUSED' });
    const listener = await network.listenTls(listening);
    await expect(network.listenTls({ ...listening, host: '192.0.2.9' })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
    });
    await listener.close();
    await expect(settled(clock, network.dial(dialling))).rejects.toMatchObject({ code: 'REFUSED' });
  });

  test('tells who answered, where that was asked for, and lets the caller give up', async () => {
    const { clock, network, accepted, listening } = world();
    const certificates = createNodeCertificates(clock);
    const named = await certificates.makeSelfSigned({ hostName: 'vpn.example' });
    await network.listenTls({ ...listening, identity: () => named });
    const asked = { ...dialling, verify: true, alpn: ['http/1.1'] };
    const right = await settled(clock, network.dial({ ...asked, serverName: 'vpn.example' }));
    const wrong = await settled(clock, network.dial(asked));
    expect(right.tls).toMatchObject({ protocol: 'TLSv1.3', server: { isVerified: true, commonName: 'vpn.example' } });
    expect(wrong.tls?.server).toMatchObject({ isVerified: false, problem: 'the certificate is not for 192.0.2.9' });
    const giving = new AbortController();
    const given = network.dial({ ...dialling, signal: giving.signal });
    giving.abort();
    await expect(settled(clock, given)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(accepted.length).toBe(2);
  });

  test('gives a free port where none was asked for', async () => {
    const { network, listening } = world();
    const one = await network.listenTls({ ...listening, port: 0 });
    const two = await network.listenTls({ ...listening, port: 0 });
    expect(one.local.port).toBeGreaterThan(0);
    expect(two.local.port).not.toBe(one.local.port);
  });

  test('asks whether to admit a client, and paces its handshake', async () => {
    const { clock, network, accepted, abandoned, listening } = world();
    const starts: (() => void)[] = [];
    const admit = ({ address }: { address: string }): boolean => address !== '198.51.100.66';
    await network.listenTls({ ...listening, admit, pace: (start) => starts.push(start) });
    const banned = network.machine('198.51.100.66').dial(dialling);
    await expect(settled(clock, banned)).rejects.toMatchObject({ code: 'TLS_FAILED' });
    const dialled = network.dial({ ...dialling, timeoutMs: 60_000 });
    await clock.run(1_000);
    expect([starts.length, accepted.length, abandoned.length]).toEqual([1, 0, 0]);
    starts[0]!();
    await settled(clock, dialled);
    expect(accepted.length).toBe(1);
  });

  test('loses what goes to an isolated machine, and heals for new connections', async () => {
    const { clock, network, accepted, listening } = world();
    await network.listenTls(listening);
    const before = await settled(clock, network.dial(dialling));
    const sink = new Recorder();
    accepted[0]!.receive(sink);
    network.isolate('192.0.2.9');
    before.write(Buffer.from('lost'));
    await expect(settled(clock, network.dial(dialling))).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect([sink.text, sink.ending]).toEqual(['', undefined]);
    network.rejoin('192.0.2.9');
    await settled(clock, network.dial(dialling));
    expect(network.pairs.length).toBe(2);
  });
});
