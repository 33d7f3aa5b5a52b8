import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { Http2Connection, Http2Headers, Http2Stream, Http2StreamEnd } from '#io';
import { createNodeHttp2 } from '../../../src/io/node/http2.ts';
import { newAuthority, type Authority } from '../../backplane/etcd/authority.ts';

const http2 = createNodeHttp2();
const open: (() => void)[] = [];
let authority: Authority | undefined;

afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(handle: (stream: ServerHttp2Stream, headers: Http2Headers) => void): Promise<Http2SecureServer> {
  authority ??= await newAuthority();
  const { certificatePem, privateKeyPem, authorityPem } = await authority.issue('server');
  const options = {
    cert: certificatePem,
    key: privateKeyPem,
    ca: authorityPem,
    requestCert: true,
    rejectUnauthorized: true,
  };
  const server = createSecureServer(options);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    handle(stream, Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])));
  });
  server.on('sessionError', () => undefined);
  await listening(server);
  return server;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => server.close());
  return portOf(server);
}

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

async function dial(
  port: number,
  settings: { serverName?: string } = {},
): Promise<{ connection: Http2Connection; closed: Promise<Error | undefined> }> {
  authority ??= await newAuthority();
  const identity = await authority.issue('client');
  const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>();
  const connection = await http2.dial(
    { host: '127.0.0.1', port, timeoutMs: 500, identity, ...settings },
    { closed: resolve },
  );
  open.push(() => connection.destroy('the test is over'));
  return { connection, closed };
}

interface Heard {
  readonly stream: Http2Stream;
  readonly chunks: Buffer[];
  readonly answered: Promise<[number, Http2Headers]>;
  readonly ended: Promise<Http2StreamEnd>;
}

function post(connection: Http2Connection, path: string, headers: Record<string, string> = {}): Heard {
  const chunks: Buffer[] = [];
  const answered = Promise.withResolvers<[number, Http2Headers]>();
  const ended = Promise.withResolvers<Http2StreamEnd>();
  const stream = connection.post(path, headers, {
    answered: (status, answer) => answered.resolve([status, answer]),
    data: (chunk) => chunks.push(chunk),
    ended: ended.resolve,
  });
  return { stream, chunks, answered: answered.promise, ended: ended.promise };
}

test('a request and its answer with trailers, both ways in pieces', async () => {
  const server = await serve((stream, headers) => {
    stream.respond(
      { ':status': 200, 'x-path': headers[':path'], 'x-given': headers['x-given'] },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.on('data', (chunk: Buffer) => stream.write(chunk));
    stream.on('end', () => stream.end());
  });
  const { connection } = await dial(portOf(server));
  const { stream, chunks, answered, ended } = post(connection, '/a/b', { 'x-given': 'yes' });
  expect(await answered).toMatchObject([200, { 'x-path': '/a/b', 'x-given': 'yes' }]);
  stream.write(Buffer.from('one'));
  stream.write(Buffer.from('two'));
  stream.end();
  expect(await ended).toMatchObject({ kind: 'done', trailers: { 'grpc-status': '0' } });
  expect(Buffer.concat(chunks).toString()).toBe('onetwo');
});

test('an answer that is nothing but headers ends with them', async () => {
  const server = await serve((stream) => stream.respond({ ':status': 200, 'grpc-status': '7' }, { endStream: true }));
  const { connection } = await dial(portOf(server));
  expect(await post(connection, '/').ended).toMatchObject({ kind: 'done', trailers: { 'grpc-status': '7' } });
});

test('a request that the other side refuses untouched says so', async () => {
  const refusedStream = 7;
  const server = await serve((stream) => stream.close(refusedStream));
  const { connection } = await dial(portOf(server));
  expect(await post(connection, '/').ended).toMatchObject({ kind: 'failed', isUntouched: true });
});

test('a connection that breaks ends its requests, then itself', async () => {
  const server = await serve((stream) => stream.session?.socket.destroy());
  const { connection, closed } = await dial(portOf(server));
  expect(await post(connection, '/').ended).toMatchObject({ kind: 'failed', isUntouched: false });
  await closed;
  expect(connection.isOpen).toBe(false);
  expect(() => post(connection, '/')).toThrow('is closed');
  await expect(connection.ping()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('nothing is heard of a request that was cancelled', async () => {
  const asked = Promise.withResolvers<ServerHttp2Stream>();
  const server = await serve(asked.resolve);
  const { connection } = await dial(portOf(server));
  const { stream, chunks } = post(connection, '/');
  const theirs = await asked.promise;
  stream.cancel();
  await new Promise((resolve) => theirs.on('close', resolve));
  expect(chunks).toEqual([]);
  await connection.ping();
});

test('one that is paused holds the other side back', async () => {
  let sent = 0;
  const server = await serve((stream) => {
    const block = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (sent < 64 * 1024 * 1024) {
        sent += block.length;
        if (!stream.write(block)) {
          stream.once('drain', more);
          return;
        }
      }
    };
    stream.respond({ ':status': 200 });
    more();
  });
  const { connection } = await dial(portOf(server));
  const { stream, answered } = post(connection, '/');
  stream.pause();
  await answered;
  for (let i = 0; i < 20; i++) await connection.ping();
  expect(sent).toBeLessThan(4 * 1024 * 1024);
  stream.cancel();
});

test('giving a connection up ends its requests at once', async () => {
  const server = await serve(() => undefined);
  const { connection } = await dial(portOf(server));
  const { ended } = post(connection, '/');
  connection.destroy('no sign of life');
  const end = await ended;
  expect(end.kind === 'failed' && end.error.message).toContain('no sign of life');
});

test('a server that its certificate does not fit is refused, and a name may be asked for', async () => {
  const server = await serve(() => undefined);
  await (await dial(portOf(server), { serverName: 'localhost' })).connection.ping();
  await expect(dial(portOf(server), { serverName: 'other.example' })).rejects.toMatchObject({ code: 'TLS_FAILED' });
  authority = await newAuthority();
  await expect(dial(portOf(server))).rejects.toMatchObject({ code: 'TLS_FAILED' });
});

test('nobody there, nobody who answers, and another protocol are told apart', async () => {
  const silent = createServer();
  const port = await listening(silent);
  await expect(dial(port)).rejects.toMatchObject({ code: 'TIMEOUT' });
  authority ??= await newAuthority();
  const { certificatePem, privateKeyPem } = await authority.issue('server');
  const other = createTlsServer({ cert: certificatePem, key: privateKeyPem });
  other.on('secureConnection', (socket) => socket.on('error', () => undefined));
  await expect(dial(await listening(other))).rejects.toMatchObject({ code: 'TLS_FAILED' });
  const gone = createServer();
  const freePort = await listening(gone);
  await new Promise((resolve) => gone.close(resolve));
  await expect(dial(freePort)).rejects.toMatchObject({ code: 'REFUSED' });
});
