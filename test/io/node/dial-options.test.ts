import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeNetwork } from '#io/node';
import { createNodeNameResolver } from '../../../src/io/node/name-resolver.ts';
import { connectedPair, event, listen, testIdentity } from './loopback.ts';

describe('a dialled server', () => {
  test('is described where that was asked for: nobody vouches for a certificate that a server signed itself', async () => {
    const { client } = await connectedPair({ dial: { verify: true, serverName: 'server.example' } });
    const { fingerprint256 } = new X509Certificate((await testIdentity()).certificatePem);
    expect(client.tls?.server).toEqual({
      isVerified: false,
      problem: 'it is self-signed',
      fingerprint: fingerprint256,
      commonName: 'server.example',
    });
  });

  test('is not described otherwise', async () => {
    const { client } = await connectedPair();
    expect(client.tls).not.toHaveProperty('server');
  });

  test('learns which protocols the client offers: ours gets TLS 1.3', async () => {
    const { client } = await connectedPair({ dial: { alpn: ['http/1.1'] } });
    expect(client.tls?.protocol).toBe('TLSv1.3');
  });
});

describe('dialling', () => {
  test('ends at once when it is given up', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    silent.listen(0, '127.0.0.1');
    await event(silent, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const dialled = createNodeNetwork().dial({ host: '127.0.0.1', port, timeoutMs: 60_000, tls: true, signal });
    await event(silent, 'connection');
    giveUp.abort();
    await expect(dialled).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    const late = createNodeNetwork().dial({ host: '127.0.0.1', port, timeoutMs: 60_000, tls: true, signal });
    await expect(late).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('offers the groups for the key exchange that it was told to, and no others', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await event(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const hello = new Promise<Buffer>((resolve) => {
      server.once('connection', (socket) => {
        socket.once('data', (bytes) => {
          resolve(bytes);
          socket.destroy();
        });
      });
    });
    const network = createNodeNetwork({ dialGroups: ['X25519', 'P-256'] });
    const dialled = network.dial({ host: '127.0.0.1', port, timeoutMs: 5_000, tls: true });
    await expect(dialled).rejects.toMatchObject({ code: 'TLS_FAILED' });
    // supported_groups (10): x25519 (0x001d), secp256r1 (0x0017)
    expect((await hello).toString('hex')).toContain('000a00060004001d0017');
  });

  test('asks a silent server for signs of life', async () => {
    const { port } = await listen();
    const options = { host: '127.0.0.1', port, timeoutMs: 5_000, tls: true, unacknowledgedTimeoutMs: 6_000 };
    const client = await createNodeNetwork().dial({ ...options, notSentLowWaterBytes: 65_536 });
    onTestFinished(() => client.destroy());
    const { stdout, status } = spawnSync('ss', ['-Hotn', `sport = :${client.local.port}`], { encoding: 'utf8' });
    // `ss` and this kind of timer are not everywhere; where it is, it shows when the next sign of life is asked for: within a third of 6 s.
    if (status === 0) expect(stdout).toMatch(/timer:\(keepalive,(1\.?\d*(sec|ms)|\d{2,3}ms)/);
  });
});

describe('names', () => {
  const names = createNodeNameResolver();

  test('of hosts become all their addresses, addresses stay what they are', async () => {
    expect(await names.resolve('192.0.2.7')).toEqual(['192.0.2.7']);
    expect(await names.resolve('2001:db8::1')).toEqual(['2001:db8::1']);
    expect(await names.resolve('localhost')).toEqual(expect.arrayContaining([expect.stringMatching(/^(127\.|::1)/)]));
  });

  test('that nobody knows are said to be unknown', async () => {
    await expect(names.resolve('no-such-host.invalid')).rejects.toMatchObject({ code: 'UNKNOWN_HOST' });
  });
});
