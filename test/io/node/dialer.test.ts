import { X509Certificate } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeNetwork } from '#io/node';
import { Recorder } from '../recorder.ts';
import { connectedPair, event, testIdentity } from './loopback.ts';

const network = createNodeNetwork();

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await event(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A server that does `greet` to each connection. */
async function greeting(greet: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return portOf(
    createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      greet(socket);
    }),
  );
}

const dial = (port: number, options: object = {}): ReturnType<typeof network.dial> =>
  network.dial({ host: '127.0.0.1', port, timeoutMs: 5_000, tls: true, ...options });

describe('dialling', () => {
  test("shows the server's certificate and judges nothing", async () => {
    const { client } = await connectedPair();
    const expected = new X509Certificate((await testIdentity()).certificatePem).raw;
    expect(client.tls?.peerCertificate?.equals(expected)).toBe(true);
  });

  test('sends the server name only where it is a name', async () => {
    const { certificatePem: cert, privateKeyPem: key } = await testIdentity();
    const names: unknown[] = [];
    const server = createTlsServer({ cert, key }, (socket) => {
      names.push(socket.servername);
      socket.on('error', () => undefined).end();
    });
    const port = await portOf(server);
    for (const serverName of ['vpn.example', '192.0.2.1', '2001:db8::1', undefined]) {
      const stream = await dial(port, serverName === undefined ? {} : { serverName });
      const sink = new Recorder();
      stream.receive(sink);
      await sink.ended();
    }
    expect(names).toEqual(['vpn.example', false, false, false]);
  });

  test('without TLS gives a plain stream', async () => {
    const port = await greeting((socket) => socket.pipe(socket));
    const stream = await dial(port, { tls: false });
    const sink = new Recorder();
    stream.receiveShared(sink);
    stream.write(Buffer.from('echo'));
    await sink.received(4);
    expect([stream.tls, stream.canDropEncryption, sink.text]).toEqual([undefined, false, 'echo']);
    expect(await stream.renegotiate()).toBe(false);
    stream.close();
    expect(await sink.ended()).toEqual({ clean: true, error: undefined });
  });

  test('tells a plain stream that was broken from one that was closed', async () => {
    const port = await greeting((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const stream = await dial(port, { tls: false });
    const sink = new Recorder();
    stream.receive(sink);
    stream.write(Buffer.from('x'));
    expect(await sink.ended()).toMatchObject({
      clean: false,
      error: { code: 'CONNECTION_LOST', message: `connection with 127.0.0.1:${port} lost: read ECONNRESET` },
    });
  });
});

describe('dialling in vain says why', () => {
  test('nobody listens', async () => {
    const closed = createServer();
    const port = await portOf(closed);
    closed.close();
    await expect(dial(port)).rejects.toMatchObject({
      code: 'REFUSED',
      message: `cannot connect to 127.0.0.1:${port}: the connection was refused: is the server running, and is the port right? (ECONNREFUSED)`,
    });
  });

  test('there is no such host', async () => {
    await expect(dial(443, { host: 'no-such-host.invalid' })).rejects.toMatchObject({
      code: 'UNKNOWN_HOST',
      message: expect.stringContaining('cannot connect to no-such-host.invalid:443: ') as unknown,
    });
  });

  test('the server takes the connection and says nothing', async () => {
    const port = await greeting(() => undefined);
    await expect(dial(port, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: `cannot connect to 127.0.0.1:${port}: no answer within 100 ms`,
    });
  });

  test('the server speaks something else', async () => {
    const port = await greeting((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'));
    await expect(dial(port)).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: `cannot connect to 127.0.0.1:${port}: TLS handshake: wrong version number`,
    });
  });

  test.each(['end', 'resetAndDestroy'] as const)('the server hangs up in the handshake (%s)', async (how) => {
    const port = await greeting((socket) => socket.once('data', () => socket[how]()));
    for (const mayDropEncryption of [false, true]) {
      await expect(dial(port, { mayDropEncryption })).rejects.toMatchObject({
        code: expect.stringMatching('TLS_FAILED|CONNECTION_LOST') as unknown,
        message: expect.stringMatching(
          /does this port speak TLS\?|ECONNRESET|before secure TLS|dropped the connection/,
        ) as unknown,
      });
    }
  });
});
