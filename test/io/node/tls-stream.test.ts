import { constants, createHash } from 'node:crypto';
import { Agent, createServer as createHttpServer, request } from 'node:http';
import { connect, TLSSocket, type ConnectionOptions } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ByteStream } from '#io';
import { createNodeNetwork } from '#io/node';
import { SeededRandom } from '#io/sim';
import { Renegotiation } from '../../../src/io/node/renegotiation.ts';
import { SharedReceive } from '../../../src/io/node/shared-receive.ts';
import { findReadBufferSymbols } from '../../../src/io/node/socket-internals.ts';
import { SocketSide } from '../../../src/io/node/socket-side.ts';
import { Recorder } from '../recorder.ts';
import { connectedPair, event, listen, type PairOptions, type StreamPair, type TestListener } from './loopback.ts';
import { Wiretap } from './wiretap.ts';

/** Counts and hashes instead of keeping. */
class Digest {
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #wanted = Infinity;
  readonly #complete = Promise.withResolvers<string>();
  longestChunk = 0;

  data(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.longestChunk = Math.max(this.longestChunk, chunk.length);
    if (this.#bytes === this.#wanted) this.#complete.resolve(this.#hash.digest('hex'));
  }

  closed({ error }: { error: Error | undefined }): void {
    this.#complete.reject(error ?? new Error(`closed after ${this.#bytes} of ${this.#wanted} bytes`));
  }

  of(bytes: number): Promise<string> {
    this.#wanted = bytes;
    return this.#complete.promise;
  }
}

/** Writes random blocks of random length, `inFlight` at a time, and gives the hash of it all. */
async function pump(stream: ByteStream, seed: number, totalBytes: number, inFlight = 4): Promise<string> {
  const random = new SeededRandom(seed);
  const source = random.bytes(200_000);
  const hash = createHash('sha256');
  let left = totalBytes;
  const lane = async (): Promise<void> => {
    while (left > 0 && !stream.isClosed) {
      const length = Math.min(left, 1 + random.below(120_000));
      const start = random.below(source.length - length);
      left -= length;
      const block = source.subarray(start, start + length);
      hash.update(block);
      await new Promise<void>((resolve) => stream.write(block, resolve));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return hash.digest('hex');
}

async function foreignClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await event(socket, 'secureConnect');
  return socket;
}

describe.each(['own', 'runtime'] as const)('carried by the TLS engine: %s', (tlsEngine) => {
  const pair = (options: PairOptions = {}): Promise<StreamPair> =>
    connectedPair({ network: createNodeNetwork({ tlsEngine }), ...options });
  const listening = (): Promise<TestListener> => listen({}, createNodeNetwork({ tlsEngine }));

  describe('the shared receive buffer', () => {
    test.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'brings tens of megabytes unharmed, both ways at once (%s)',
      async (version) => {
        const { client, server } = await pair({ listen: { chooseMaxVersion: () => version } });
        const [up, down] = [30_000_000, 20_000_000];
        const [atClient, atServer] = [new Digest(), new Digest()];
        client.receiveShared(atClient);
        server.receiveShared(atServer);
        const received = Promise.all([atServer.of(up), atClient.of(down)]);
        const sent = await Promise.all([pump(client, 1, up), pump(server, 2, down)]);
        expect(await received).toEqual(sent);
      },
    );

    test('is one buffer for all streams of a network, and really used', async () => {
      const network = createNodeNetwork({ tlsEngine });
      const pairs = await Promise.all([pair({ network }), pair({ network })]);
      const backing = new Set<ArrayBufferLike>();
      for (const { client, server } of pairs) {
        const got = Promise.withResolvers<undefined>();
        server.receiveShared({
          data: (chunk) => {
            backing.add(chunk.buffer);
            got.resolve(undefined);
          },
          closed: () => undefined,
        });
        client.write(Buffer.from('x'));
        await got.promise;
      }
      expect(backing.size).toBe(1);
      expect([...backing][0]!.byteLength).toBe((tlsEngine === 'own' ? 96 : 64) * 1024);
    });
  });

  describe('the end of a TLS stream', () => {
    const ALERT = 21;

    test.each(['close', 'destroy'] as const)('%s puts close_notify on the wire, as the last record', async (how) => {
      let tap: Wiretap | undefined;
      const { client, server } = await pair({
        between: async (port) => {
          tap = await Wiretap.before(port);
          return tap.port;
        },
      });
      const sink = new Recorder();
      client.receive(sink);
      server.write(Buffer.alloc(100_000));
      server[how]();
      expect(await sink.ended()).toEqual({ clean: true, error: undefined });
      const { types, rest } = tap!.records();
      expect(types.filter((type) => type === ALERT)).toEqual([ALERT]);
      expect([types.at(-1), rest.length]).toEqual([ALERT, 0]);
    });

    test('a client that is not ours sees an end, not an error', async () => {
      const { port, accepted } = await listening();
      const [client, server] = await Promise.all([foreignClient(port), accepted()]);
      let failure: unknown;
      client.on('error', (error: Error) => (failure = error)).resume();
      server.destroy();
      await event(client, 'end');
      expect(failure).toBeUndefined();
    });

    test('a client that does not close after us is cut off when the grace is over', async () => {
      const { port, accepted } = await listening();
      const tap = await Wiretap.before(port);
      const [, server] = await Promise.all([foreignClient(tap.port), accepted()]);
      const sink = new Recorder();
      server.receive(sink);
      tap.holdFromServer();
      const started = performance.now();
      server.close();
      expect(await sink.ended()).toEqual({ clean: false, error: undefined });
      expect(performance.now() - started).toBeGreaterThan(1_900);
    });
  });

  describe('leaving TLS', () => {
    test('puts no alert on the wire, and the clear bytes right behind the last record', async () => {
      let tap: Wiretap | undefined;
      const { client, server } = await pair({
        dial: { mayDropEncryption: true },
        between: async (port) => {
          tap = await Wiretap.before(port);
          return tap.port;
        },
      });
      client.receive(new Recorder());
      server.receive(new Recorder());
      const clear = await server.dropEncryption(Buffer.from('welcome'))!;
      clear.write(Buffer.from('clear'));
      await expect.poll(() => tap!.records().rest.toString()).toBe('clear');
      expect(tap!.records().types).not.toContain(21);
    });

    test('is not offered by a client that did not ask for it when it dialled', async () => {
      const { client } = await pair();
      expect([client.canDropEncryption, client.dropEncryption(Buffer.alloc(0))]).toEqual([false, undefined]);
    });

    test('fails when the connection breaks meanwhile', async () => {
      const { client, server } = await pair();
      const sink = new Recorder();
      server.receive(sink);
      const dropping = server.dropEncryption(Buffer.alloc(50_000_000))!;
      client.destroy();
      await expect(dropping).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
      expect(await sink.ended()).toMatchObject({ clean: false });
    });
  });

  describe('a new TLS handshake', () => {
    test('goes through under full load in both directions, and loses nothing', async () => {
      for (let seed = 1; seed <= 5; seed++) {
        const { client, server } = await pair();
        const [up, down] = [6_000_000, 8_000_000];
        const [atClient, atServer] = [new Digest(), new Digest()];
        client.receiveShared(atClient);
        server.receiveShared(atServer);
        const received = Promise.all([atServer.of(up), atClient.of(down)]);
        const sent = Promise.all([pump(client, seed, up), pump(server, -seed, down)]);
        expect(await server.renegotiate()).toBe(true);
        expect(await received).toEqual(await sent);
      }
    });

    test('works right after a write, as after a Welcome, and on an idle stream', async () => {
      const { client, server } = await pair();
      const sink = new Recorder();
      client.receive(sink);
      server.receive(new Recorder());
      server.write(Buffer.from('welcome'));
      const renegotiated = server.renegotiate();
      server.write(Buffer.from(' first frame'));
      expect(server.queuedBytes).toBeGreaterThan(0);
      expect(await renegotiated).toBe(true);
      await sink.received(19);
      expect(sink.text).toBe('welcome first frame');
    });

    test('resumes the session of the first handshake, also with a client that takes no tickets', async () => {
      const { port, accepted } = await listening();
      const stock = { secureOptions: constants.SSL_OP_NO_TICKET };
      const [client, server] = await Promise.all([foreignClient(port, stock), accepted()]);
      client.resume();
      server.receive(new Recorder());
      expect(client.isSessionReused()).toBe(false);
      expect(await server.renegotiate()).toBe(true);
      expect(client.isSessionReused()).toBe(true);
      server.write(Buffer.from('still whole'));
      expect(String(await event(client, 'data'))).toBe('still whole');
    });

    test('is possible once, on the server, under TLS 1.2', async () => {
      const { client, server } = await pair();
      for (const stream of [client, server]) stream.receive(new Recorder());
      expect(await client.renegotiate()).toBe(false);
      expect(await server.renegotiate()).toBe(true);
      expect(await server.renegotiate()).toBe(false);
      const modern = await pair({ listen: { chooseMaxVersion: () => 'TLSv1.3' } });
      expect(await modern.server.renegotiate()).toBe(false);
    });

    test('that the client refuses costs the connection, cleanly', async () => {
      const { port, accepted } = await listening();
      const refusing = { secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
      const [client, server] = await Promise.all([foreignClient(port, refusing), accepted()]);
      client.resume();
      const sink = new Recorder();
      server.receive(sink);
      expect(await server.renegotiate()).toBe(false);
      expect((await sink.ended()).error?.message).toMatch(/no renegotiation/);
    });

    test('that the client does not answer is given up, and data flows on', async () => {
      const { port, accepted } = await listening();
      const tap = await Wiretap.before(port);
      const [client, server] = await Promise.all([foreignClient(tap.port), accepted()]);
      const got = event(client, 'data');
      tap.holdFromServer();
      const result = server.renegotiate();
      server.write(Buffer.from('held'));
      expect(server.queuedBytes).toBe(4);
      expect(await result).toBe(false);
      tap.letGo();
      expect(String(await got)).toBe('held');
    });

    test('that the client begins after ours ends the connection', async () => {
      const { port, accepted } = await listening();
      const [client, server] = await Promise.all([foreignClient(port), accepted()]);
      client.resume();
      const sink = new Recorder();
      server.receive(sink);
      const clientDone = event(client, 'secure');
      expect(await server.renegotiate()).toBe(true);
      await clientDone;
      client.renegotiate({}, () => undefined);
      expect((await sink.ended()).error?.message).toMatch(/renegotiation|handshake failure/i);
    });

    test('that the client begins again and again ends the connection', async () => {
      const { port, accepted } = await listening();
      const [client, server] = await Promise.all([foreignClient(port), accepted()]);
      client.resume();
      const sink = new Recorder();
      server.receive(sink);
      let times = 0;
      const again = (): void => {
        if (++times < 20 && !client.destroyed) client.renegotiate({}, again);
      };
      again();
      expect((await sink.ended()).error?.message).toMatch(/renegotiation|handshake failure/i);
      expect(times).toBeLessThan(6);
    });
  });

  describe('a stream handed over to an HTTP server', () => {
    test('serves requests, the first of which was read before', async () => {
      const http = createHttpServer((incoming, response) => {
        const hash = createHash('sha256');
        incoming.on('data', (chunk: Buffer) => hash.update(chunk));
        incoming.on('end', () => response.end(`${incoming.url ?? ''} ${hash.digest('hex')}`));
      });
      const { port, accepted } = await listening();
      const handing = accepted().then((server) => {
        const first = new Recorder();
        server.receive(first);
        return first.received(1).then(() => http.emit('connection', server.handOver(first.bytes)));
      });
      const client = await foreignClient(port, { ALPNProtocols: ['http/1.1'] });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      agent.createConnection = () => client;
      onTestFinished(() => agent.destroy());
      const body = Buffer.alloc(3_000_000, 'x');
      const ask = (path: string, content?: Buffer): Promise<string> =>
        new Promise((resolve, reject) => {
          const asking = request(
            { path, method: content === undefined ? 'GET' : 'POST', agent, host: 'x' },
            (answer) => {
              const chunks: Buffer[] = [];
              answer.on('data', (chunk: Buffer) => chunks.push(chunk));
              answer.on('end', () => resolve(Buffer.concat(chunks).toString()));
            },
          );
          asking.on('error', reject);
          asking.end(content);
        });
      const hashOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
      expect(await ask('/first', body)).toBe(`/first ${hashOf(body)}`);
      await handing;
      expect(await ask('/second')).toBe(`/second ${hashOf(Buffer.alloc(0))}`);
      expect(await ask('/third', body)).toBe(`/third ${hashOf(body)}`);
    });

    test('also after it used the shared buffer', async () => {
      const http = createHttpServer((_incoming, response) => response.end('ok'));
      const { client, server } = await pair();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receiveShared(atServer);
      client.write(Buffer.from('GET / HT'));
      await atServer.received(8);
      http.emit('connection', server.handOver(atServer.bytes));
      client.write(Buffer.from('TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
      expect(await atClient.ended()).toMatchObject({ clean: true });
      expect(atClient.text).toMatch(/^HTTP\/1\.1 200 OK.*ok$/s);
    });
  });
});

describe('the shared receive buffer of the runtime', () => {
  test('is not used where the runtime lacks what it takes', async () => {
    const shared = new SharedReceive(undefined);
    const { client, server } = await connectedPair({ network: createNodeNetwork({ shared, tlsEngine: 'runtime' }) });
    const sink = new Recorder();
    server.receiveShared(sink);
    client.write(Buffer.from('hello'));
    await sink.received(5);
    expect(shared.isUsable).toBe(false);
  });

  test('costs one connection, and is not used again, where the runtime has changed under it', async () => {
    const shared = new SharedReceive({ buffer: Symbol('other'), callback: Symbol('other') });
    const network = createNodeNetwork({ shared, tlsEngine: 'runtime' });
    const first = await connectedPair({ network });
    const lost = new Recorder();
    first.server.receiveShared(lost);
    first.client.write(Buffer.from('hello'));
    expect((await lost.ended()).error?.message).toMatch(/does not support the shared receive buffer/);
    expect(shared.isUsable).toBe(false);
    const second = await connectedPair({ network });
    const sink = new Recorder();
    second.server.receiveShared(sink);
    second.client.write(Buffer.from('hello'));
    await sink.received(5);
  });

  test('can be had on this runtime: the tests above really test it', () => {
    expect(new SharedReceive(findReadBufferSymbols()).isUsable).toBe(true);
  });
});

test('a renegotiation that is not answered lets go what was held back', async () => {
  const { port, accepted } = await listen({}, createNodeNetwork({ tlsEngine: 'runtime' }));
  const tap = await Wiretap.before(port);
  const [client, server] = await Promise.all([foreignClient(tap.port), accepted()]);
  const got = event(client, 'data');
  tap.holdFromServer();
  const socket = server.handOver(Buffer.alloc(0));
  if (!(socket instanceof TLSSocket)) expect.unreachable();
  const renegotiation = new Renegotiation(new SocketSide(socket), 50);
  const result = renegotiation.run();
  renegotiation.hold(Buffer.from('held'), undefined);
  expect(renegotiation.heldBytes).toBe(4);
  expect(await result).toBe(false);
  expect([renegotiation.isOver, renegotiation.heldBytes]).toEqual([true, 0]);
  tap.letGo();
  expect(String(await got)).toBe('held');
});
