import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ByteStream, MutualTlsIdentity, MutualTlsListenOptions } from '#io';
import { createNodeNetwork } from '#io/node';
import { createAuthority, type Authority } from './authority.ts';
import { Inbox } from './loopback.ts';

const network = createNodeNetwork();
let authority: Authority;
let alpha: MutualTlsIdentity;
let beta: MutualTlsIdentity;

beforeAll(async () => {
  authority = await createAuthority();
  alpha = await authority.issue('alpha');
  beta = await authority.issue('beta');
});

async function listen(options: Partial<MutualTlsListenOptions> = {}) {
  const connected = new Inbox<{ readonly stream: ByteStream; readonly peerName: string }>();
  const abandoned = new Inbox<string>();
  const listener = await network.listenMutualTls({
    host: '127.0.0.1',
    port: 0,
    identity: () => alpha,
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: (_remote, why) => abandoned.put(why),
    connected: (stream, peerName) => connected.put({ stream, peerName }),
    ...options,
  });
  onTestFinished(() => listener.close());
  return { port: listener.local.port, connected, abandoned };
}

async function dial(port: number, identity: MutualTlsIdentity, peerName = 'alpha'): Promise<ByteStream> {
  const options = { host: '127.0.0.1', port, timeoutMs: 5_000, identity, peerName };
  const stream = await network.dialMutualTls(options);
  onTestFinished(() => stream.destroy());
  return stream;
}

describe('mutual TLS', () => {
  test('is TLS 1.3, and each side knows the name that the authority has given to the other', async () => {
    const { port, connected } = await listen();
    const stream = await dial(port, beta);
    const { stream: other, peerName } = await connected.take();
    expect(peerName).toBe('beta');
    expect([stream.tls?.protocol, other.tls?.protocol]).toEqual(['TLSv1.3', 'TLSv1.3']);
    expect(other.tls?.peerCertificate).toBeInstanceOf(Buffer);
    const heard = new Promise((resolve) => {
      other.receiveShared({ data: (chunk) => resolve(chunk.toString()), closed: () => undefined });
    });
    stream.write(Buffer.from('hello'));
    expect(await heard).toBe('hello');
  });

  test('names the one who answered instead of the one who was called', async () => {
    const { port } = await listen();
    await expect(dial(port, beta, 'gamma')).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: `cannot connect to 127.0.0.1:${port}: its certificate is of "alpha", not of "gamma"`,
    });
  });

  test('refuses a client of another authority, and says so', async () => {
    const { port, abandoned } = await listen();
    const stranger = await (await createAuthority('elsewhere')).issue('beta');
    // The stranger trusts us; we do not trust the stranger.
    await dial(port, { ...stranger, authorityPem: alpha.authorityPem }).catch(() => undefined);
    expect(await abandoned.take()).toMatch(
      /^its certificate, of "beta", is not taken: it is not signed by the authority of this cluster/,
    );
  });

  test('refuses a server of another authority', async () => {
    const stranger = await (await createAuthority('elsewhere')).issue('alpha');
    const { port } = await listen({ identity: () => stranger });
    await expect(dial(port, beta)).rejects.toThrow(
      /its certificate is not taken: it is not signed by the authority of this cluster/,
    );
  });

  test.each([
    ['has expired', -10, -1],
    ['is not valid yet', 1, 10],
  ])('refuses a certificate that %s', async (why, fromDays, untilDays) => {
    const { port, abandoned } = await listen();
    await dial(port, await authority.issue('late', fromDays, untilDays)).catch(() => undefined);
    expect(await abandoned.take()).toContain(why);
  });

  test('refuses who shows no certificate', async () => {
    const { port, connected, abandoned } = await listen();
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.on('error', () => undefined);
    expect(await abandoned.take()).toMatch(/^TLS handshake: .*certificate/);
    expect(connected).toEqual(new Inbox());
    socket.destroy();
  });

  test('refuses TLS 1.2', async () => {
    const { port, abandoned } = await listen();
    const { certificatePem, privateKeyPem } = beta;
    const tls = { maxVersion: 'TLSv1.2', cert: certificatePem, key: privateKeyPem, rejectUnauthorized: false } as const;
    const socket = connectTls({ host: '127.0.0.1', port, ...tls });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toMatch(/version/i);
    expect(await abandoned.take()).toMatch(/TLS handshake: /);
  });

  test('takes a new certificate for the connections after it, without a restart', async () => {
    let identity = alpha;
    const { port, connected } = await listen({ identity: () => identity });
    const before = await dial(port, beta);
    identity = await authority.issue('alpha');
    const after = await dial(port, beta);
    expect(after.tls?.peerCertificate).toBeInstanceOf(Buffer);
    expect(after.tls?.peerCertificate).not.toEqual(before.tls?.peerCertificate);
    expect(before.isClosed).toBe(false);
    expect((await connected.take()).stream.isClosed).toBe(false);
  });

  test('closes who stays silent in the handshake', async () => {
    const { port, abandoned } = await listen({ handshakeTimeoutMs: 50 });
    const socket = connect({ host: '127.0.0.1', port });
    expect(await abandoned.take()).toBe('time-out in the TLS handshake');
    socket.destroy();
  });

  test('gives up when it is told to', async () => {
    const { port } = await listen();
    const options = { host: '127.0.0.1', port, timeoutMs: 5_000, identity: beta, peerName: 'alpha' };
    const dialled = network.dialMutualTls({ ...options, signal: AbortSignal.abort() });
    await expect(dialled).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('says at once that an identity cannot be used', async () => {
    const broken = { ...alpha, privateKeyPem: beta.privateKeyPem };
    await expect(listen({ identity: () => broken })).rejects.toMatchObject({ code: 'BAD_IDENTITY' });
  });
});
