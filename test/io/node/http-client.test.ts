import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HubfarmError } from '#base';
import type { HttpClient, HttpTarget, TlsServer } from '#io';
import { openNodeHttpClient } from '#io/node';
import { testIdentity } from './loopback.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const limits = { connectTimeoutMs: 5_000, responseTimeoutMs: 5_000, maxResponseBytes: 1_000 };
const post = { method: 'POST', path: '/api/', headers: { 'x-a': 'b' }, body: Buffer.from('question') } as const;

async function listening(server: Server, where: { port: number; host: string } | { path: string }): Promise<Server> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(where, resolve));
  onTestFinished(async () => {
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return server;
}

async function tlsServer(handle: RequestListener): Promise<{ port: number; connections: () => number }> {
  const { certificatePem, privateKeyPem } = await testIdentity();
  const server = createHttpsServer({ cert: certificatePem, key: privateKeyPem, keepAlive: true }, handle);
  let connections = 0;
  server.on('secureConnection', () => (connections += 1));
  await listening(server, { port: 0, host: '127.0.0.1' });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function open(target: HttpTarget, changes: Partial<typeof limits> = {}): HttpClient {
  const client = openNodeHttpClient(target, { ...limits, ...changes });
  onTestFinished(() => client.close());
  return client;
}

const tls = (port: number, judge: (server: TlsServer) => Promise<void> = () => Promise.resolve()): HttpTarget => ({
  kind: 'tls',
  host: '127.0.0.1',
  port,
  judge,
});

const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, a: headers['x-a'], body: Buffer.concat(chunks).toString() }));
  });
};

describe('over TLS', () => {
  test('requests get their answers, one after the other on one connection', async () => {
    const server = await tlsServer(echo);
    const client = open(tls(server.port));
    for (let round = 0; round < 3; round += 1) {
      const { status, body } = await client.send(post);
      expect(status).toBe(200);
      expect(JSON.parse(body.toString())).toEqual({ method: 'POST', url: '/api/', a: 'b', body: 'question' });
    }
    expect(server.connections()).toBe(1);
  });

  test('the server is judged before it is told anything', async () => {
    let requests = 0;
    const server = await tlsServer((_request, response) => {
      requests += 1;
      response.end();
    });
    const seen: TlsServer[] = [];
    const refusal = new HubfarmError('NO', 'not this one');
    const client = open(
      tls(server.port, (who) => {
        seen.push(who);
        return Promise.reject(refusal);
      }),
    );
    await expect(client.send(post)).rejects.toBe(refusal);
    expect(requests).toBe(0);
    expect(seen).toMatchObject([{ isVerified: false, problem: 'it is self-signed', commonName: 'server.example' }]);
    expect(seen[0]?.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test('an answer that is too long is an error, not memory', async () => {
    const server = await tlsServer((_request, response) => response.end('x'.repeat(2_000)));
    await expect(open(tls(server.port)).send(post)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  test('an answer that does not come is a time-out', async () => {
    const server = await tlsServer(() => undefined);
    const client = open(tls(server.port), { responseTimeoutMs: 50 });
    await expect(client.send(post)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  test('a connection that the server drops is an error that says so', async () => {
    const server = await tlsServer((request) => request.socket.destroy());
    await expect(open(tls(server.port)).send(post)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('a port where nobody listens is one line that says what to look at', async () => {
    const server = await listening(createTcpServer(), { port: 0, host: '127.0.0.1' });
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => void server.close(() => resolve()));
    await expect(open(tls(port)).send(post)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });

  test('a server that speaks no TLS is named as such', async () => {
    const server = createTcpServer((socket) => socket.end('HTTP/1.1 400 no\r\n\r\n'));
    await listening(server, { port: 0, host: '127.0.0.1' });
    const { port } = server.address() as AddressInfo;
    await expect(open(tls(port)).send(post)).rejects.toMatchObject({ code: 'TLS_FAILED' });
  });

  test('a server that is silent in the handshake is a time-out', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined));
    await listening(server, { port: 0, host: '127.0.0.1' });
    const { port } = server.address() as AddressInfo;
    await expect(open(tls(port), { connectTimeoutMs: 50 }).send(post)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('over a Unix socket', () => {
  test('nobody is judged', async () => {
    const path = join(temporaryDirectory(), 'admin.sock');
    await listening(createHttpServer(echo), { path });
    const { body } = await open({ kind: 'unix', path }).send(post);
    expect(JSON.parse(body.toString())).toMatchObject({ body: 'question' });
  });

  test('a socket without a server says so', async () => {
    const path = join(temporaryDirectory(), 'admin.sock');
    await expect(open({ kind: 'unix', path }).send(post)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('is the server running?') as string,
    });
  });
});
