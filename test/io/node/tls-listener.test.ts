import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Network, TlsListenOptions } from '#io';
import { createNodeCertificates, createNodeClock, createNodeNetwork } from '#io/node';
import { Recorder } from '../recorder.ts';
import { clientHelloBytes } from './client-hello-sample.ts';
import {
  connectedPair,
  event,
  listen,
  testIdentity,
  type PairOptions,
  type StreamPair,
  type TestListener,
} from './loopback.ts';
import { RawPeer } from './raw-peer.ts';

/** A TLS client that is not ours. */
async function plainClient(port: number, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await event(socket, 'secureConnect');
  return socket;
}

describe.each(['own', 'runtime'] as const)('served by the TLS engine: %s', (tlsEngine) => {
  const pair = (options: PairOptions = {}): Promise<StreamPair> =>
    connectedPair({ network: createNodeNetwork({ tlsEngine }), ...options });
  const listening = (
    options: Partial<TlsListenOptions> = {},
    network: Network = createNodeNetwork({ tlsEngine }),
  ): Promise<TestListener> => listen(options, network);

  describe('a TLS listener', () => {
    test('gives streams with their addresses, and prefers AES-128-GCM', async () => {
      for (const [version, cipher] of [
        ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
        ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
      ] as const) {
        const { client, server, listener } = await pair({ listen: { chooseMaxVersion: () => version } });
        expect(server.tls).toEqual({ protocol: version, cipher, peerCertificate: undefined });
        expect(server.local).toEqual({ address: '127.0.0.1', port: listener.port });
        expect([client.remote, client.local]).toEqual([server.local, server.remote]);
      }
    });

    test('writes an IPv4 address as such also where it listens on both families', async () => {
      const { server } = await pair({ listen: { host: '::' } });
      expect([server.remote.address, server.local.address]).toEqual(['127.0.0.1', '127.0.0.1']);
    });

    test('agrees on TLS 1.2 with who sends no ALPN, as SoftEther clients do, else on TLS 1.3', async () => {
      const { port, accepted } = await listening();
      const old = await plainClient(port);
      const modern = await plainClient(port, { ALPNProtocols: ['http/1.1'] });
      expect([old.getProtocol(), modern.getProtocol()]).toEqual(['TLSv1.2', 'TLSv1.3']);
      await Promise.all([accepted(), accepted()]);
    });

    test('refuses TLS older than 1.2', async () => {
      const { port, abandonedOne } = await listening();
      const client = connect({
        port,
        host: '127.0.0.1',
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      });
      client.on('error', () => undefined);
      expect((await abandonedOne()).why).toMatch(/unsupported protocol|no protocols|version/i);
    });

    test('uses a changed certificate for the next connection', async () => {
      const certificates = createNodeCertificates(createNodeClock());
      let identity = await testIdentity();
      const { port, accepted } = await listening({ identity: () => identity });
      const before = (await plainClient(port)).getPeerX509Certificate()?.subject;
      identity = await certificates.makeSelfSigned({ hostName: 'other.example', keyType: 'rsa-2048' });
      const after = (await plainClient(port)).getPeerX509Certificate()?.subject;
      expect([before, after]).toEqual(['CN=server.example', 'CN=other.example']);
      await Promise.all([accepted(), accepted()]);
    });

    test('survives a certificate that cannot be used, and does not start with one', async () => {
      let identity = await testIdentity();
      const { port, abandonedOne } = await listening({ identity: () => identity });
      identity = { certificatePem: 'nonsense', privateKeyPem: 'nonsense' };
      const client = connect({ port, host: '127.0.0.1' });
      client.on('error', () => undefined);
      expect((await abandonedOne()).why).toMatch(/certificate .* cannot be used/);
      await expect(listening({ identity: () => identity })).rejects.toMatchObject({ code: 'BAD_IDENTITY' });
    });

    test('takes a ClientHello in the smallest pieces', async () => {
      const { port } = await listening();
      const hello = await clientHelloBytes({});
      const peer = new RawPeer(port);
      for (const byte of hello.subarray(0, 60)) await peer.send(Buffer.from([byte]));
      await peer.send(hello.subarray(60));
      // The server's answer: a handshake record.
      const answer = (await event(peer.socket, 'data')) as Buffer;
      expect(answer[0]).toBe(0x16);
    });
  });

  describe('a TLS listener and those who do not speak TLS', () => {
    test('answers plain HTTP with 400 and a FIN', async () => {
      const { port, abandonedOne } = await listening();
      const peer = new RawPeer(port);
      await peer.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      expect((await peer.ended()).toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*speaks TLS/s);
      expect((await abandonedOne()).why).toBe('plain HTTP on a TLS port');
    });

    test('closes on garbage', async () => {
      const { port, abandonedOne } = await listening();
      const peer = new RawPeer(port);
      await peer.send('SSH-2.0-OpenSSH_9.2\r\n');
      expect((await peer.ended()).length).toBe(0);
      expect((await abandonedOne()).why).toMatch(/neither TLS nor HTTP, begins with 5353482d322e302d/);
    });

    test('closes on garbage that begins as TLS', async () => {
      const { port, abandonedOne } = await listening();
      const peer = new RawPeer(port);
      await peer.send(Buffer.concat([Buffer.from('1603010100', 'hex'), Buffer.alloc(256, 0xff)]));
      await peer.ended();
      expect((await abandonedOne()).why).toMatch(/not a ClientHello/);
    });

    test('closes on a handshake that goes wrong after the first message', async () => {
      const { port, abandonedOne } = await listening();
      const peer = new RawPeer(port);
      await peer.send(await clientHelloBytes({}));
      await event(peer.socket, 'data');
      await peer.send(Buffer.from('17030300050102030405', 'hex'));
      await peer.ended();
      expect((await abandonedOne()).why).toMatch(/SSL|TLS|record|message/i);
    });

    test('closes on who says nothing, dribbles, or stops half-way, when the time is up', async () => {
      const { port, abandoned, abandonedOne } = await listening({ handshakeTimeoutMs: 150 });
      const silent = new RawPeer(port);
      const halfWay = new RawPeer(port);
      await halfWay.send(await clientHelloBytes({}));
      const dribbling = new RawPeer(port);
      const hello = await clientHelloBytes({});
      let at = 0;
      const drip = setInterval(() => dribbling.socket.write(hello.subarray(at, ++at)), 5);
      await Promise.all([abandonedOne(), abandonedOne(), abandonedOne()]);
      clearInterval(drip);
      await Promise.all([silent.ended(), halfWay.ended(), dribbling.ended()]);
      expect(abandoned.map(({ why }) => why)).toEqual(['time-out', 'time-out', 'time-out']);
    });

    test('notices who leaves before or within the handshake', async () => {
      const { port, abandoned, abandonedOne } = await listening();
      const early = new RawPeer(port);
      await event(early.socket, 'connect');
      early.socket.end();
      await abandonedOne();
      const late = new RawPeer(port);
      await late.send(await clientHelloBytes({}));
      await event(late.socket, 'data');
      late.socket.resetAndDestroy();
      await abandonedOne();
      expect(abandoned.length).toBe(2);
    });
  });

  describe('a TLS listener and its owner', () => {
    test('asks who may come before anything is read, and reports nothing of who may not', async () => {
      const asked: string[] = [];
      const { port, abandoned } = await listening({
        admit: ({ address }) => {
          asked.push(address);
          return false;
        },
      });
      const peer = new RawPeer(port);
      await peer.ended();
      expect([asked, abandoned]).toEqual([['127.0.0.1'], []]);
    });

    test('lets the owner pace handshakes; those that left meanwhile are skipped', async () => {
      const starts: (() => void)[] = [];
      const { port, accepted, abandonedOne } = await listening({ pace: (start) => starts.push(start) });
      const leaving = new RawPeer(port);
      await leaving.send(await clientHelloBytes({}));
      await expect.poll(() => starts.length).toBe(1);
      leaving.socket.destroy();
      await abandonedOne();
      const staying = plainClient(port);
      await expect.poll(() => starts.length).toBe(2);
      for (const start of starts) start();
      await Promise.all([staying, accepted()]);
    });

    test('closed: takes no more, ends what is half-way, and leaves streams up', async () => {
      let admitted = 0;
      const { client, server, listener } = await pair({ listen: { admit: () => ++admitted > 0 } });
      const sink = new Recorder();
      server.receive(sink);
      const halfWay = new RawPeer(listener.port);
      await halfWay.send('\x16\x03\x01');
      await expect.poll(() => admitted).toBe(2);
      await listener.listener.close();
      expect((await listener.abandonedOne()).why).toBe('the listener is closing');
      const late = new RawPeer(listener.port);
      await late.ended();
      const successor = await listening({ port: listener.port });
      expect(successor.port).toBe(listener.port);
      client.write(Buffer.from('still here'));
      await sink.received(10);
    });

    test('says what is wrong with an address, and what to do', async () => {
      const network = createNodeNetwork({ tlsEngine });
      const { port } = await listening();
      await expect(listening({ port }, network)).rejects.toMatchObject({
        code: 'ADDRESS_IN_USE',
        message: expect.stringMatching(
          `^cannot listen on 127.0.0.1:${port}: another program uses this port`,
        ) as unknown,
      });
      await expect(listening({ host: '192.0.2.1' }, network)).rejects.toMatchObject({ code: 'ADDRESS_NOT_AVAILABLE' });
      await expect(listening({ host: 'no-such-host.invalid' }, network)).rejects.toMatchObject({
        code: 'ADDRESS_NOT_AVAILABLE',
      });
    });

    test('shares a port where that was asked for', async () => {
      const one = await listening({ reusePort: true });
      await listening({ reusePort: true, port: one.port });
    });

    test('1,000 quick connections leave nothing behind', async () => {
      const { port, abandoned } = await listening();
      const before = handles();
      const hello = await clientHelloBytes({});
      for (let round = 0; round < 20; round++) {
        const peers = Array.from({ length: 50 }, () => new RawPeer(port));
        await Promise.all(
          peers.map(async (peer, at) => {
            await event(peer.socket, 'connect');
            if (at % 3 === 1) await peer.send(hello);
            if (at % 3 === 2) await peer.send('nonsense');
            peer.socket.destroy();
          }),
        );
      }
      await expect.poll(() => abandoned.length, { timeout: 10_000 }).toBe(1_000);
      // Not `expect.poll`: its own timer would be counted.
      const untilMs = performance.now() + 10_000;
      while (performance.now() < untilMs && moreThan(before).length > 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(moreThan(before)).toEqual([]);
    });
  });
});

/** What keeps the loop busy, by kind. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === 'TCPSocketWrap' || kind === 'TLSWrap' || kind === 'Timeout') counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** The kinds of which there are more now. */
const moreThan = (before: Record<string, number>): string[] =>
  Object.entries(handles()).flatMap(([kind, count]) => (count > (before[kind] ?? 0) ? [kind] : []));
