import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { ByteStream } from '#io';
import { SeededRandom } from '#io/sim';
import { Recorder } from './recorder.ts';

export interface StreamsUnderTest {
  readonly client: ByteStream;
  readonly server: ByteStream;
  /** Waits for `promise`, and lets the time that it needs pass. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets so much time pass that everything under way arrives. */
  settle(): Promise<void>;
  /** Ends the client's connection without a word, as a killed process does. */
  clientEndsUncleanly(): void;
}

/** What every byte stream does, whatever is under it. */
export function describeByteStream(name: string, connect: () => Promise<StreamsUnderTest>): void {
  const write = (stream: ByteStream, bytes: Uint8Array | string): Promise<void> =>
    new Promise((resolve) => stream.write(Buffer.from(bytes), resolve));

  describe(name, () => {
    test('carries bytes both ways, in order', async () => {
      const { client, server, run } = await connect();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receive(atServer);
      const random = new SeededRandom(1);
      const [up, down] = [random.bytes(300_000), random.bytes(500_000)];
      for (let at = 0; at < up.length; at += 7_919) client.write(up.subarray(at, at + 7_919));
      server.write(down);
      await run(Promise.all([atServer.received(up.length), atClient.received(down.length)]));
      expect(atServer.bytes.equals(up)).toBe(true);
      expect(atClient.bytes.equals(down)).toBe(true);
    });

    test('delivers what came before `receive`, and never from within it', async () => {
      const { client, server, run, settle } = await connect();
      await run(write(client, 'early'));
      await settle();
      const sink = new Recorder();
      server.receive(sink);
      expect(sink.text).toBe('');
      client.write(Buffer.from(' late'));
      await run(sink.received(10));
      expect(sink.text).toBe('early late');
    });

    test('loses and reorders nothing when the reader changes its mind with bytes in flight', async () => {
      const { client, server, run } = await connect();
      const random = new SeededRandom(2);
      const sent = random.bytes(3_000_000);
      const sink = new Recorder();
      let reads = 0;
      const changing = {
        data: (chunk: Buffer): void => {
          sink.data(chunk);
          const change = random.below(8);
          if (change === 0) server.receiveShared(changing);
          if (change === 1) server.receive(changing);
          if (change === 2 && ++reads < 50) {
            server.pause();
            setImmediate(() => server.resume());
          }
        },
        closed: sink.closed.bind(sink),
      };
      server.receive(changing);
      for (let at = 0, step = 1; at < sent.length; at += step) {
        step = 1 + random.below(100_000);
        client.write(sent.subarray(at, at + step));
      }
      await run(sink.received(sent.length));
      expect(sink.bytes.equals(sent)).toBe(true);
    });

    test.each(['receive', 'receiveShared'] as const)(
      'delivers nothing while paused, then all of it (%s)',
      async (way) => {
        const { client, server, run, settle } = await connect();
        const sink = new Recorder();
        server[way](sink);
        await run(write(client, 'a'));
        await run(sink.received(1));
        server.pause();
        await run(write(client, 'bcd'));
        await settle();
        expect(sink.text).toBe('a');
        server.resume();
        await run(sink.received(4));
        expect(sink.text).toBe('abcd');
      },
    );

    test('paused before `receive` stays paused', async () => {
      const { client, server, run, settle } = await connect();
      const sink = new Recorder();
      server.pause();
      server.receive(sink);
      await run(write(client, 'x'));
      await settle();
      expect(sink.text).toBe('');
      server.resume();
      await run(sink.received(1));
    });

    test('counts what the other side does not take, and says when it did', async () => {
      const { client, server, run, settle } = await connect();
      const block = Buffer.alloc(1_000_000);
      let done = 0;
      for (let i = 0; i < 20; i++) client.write(block, () => done++);
      expect(done).toBe(0);
      await settle();
      expect(client.queuedBytes).toBeGreaterThan(0);
      expect(done).toBeLessThan(20);
      const sink = new Recorder();
      server.receiveShared(sink);
      await run(sink.received(20 * block.length));
      await settle();
      expect([client.queuedBytes, done]).toEqual([0, 20]);
    });

    test('closed: everything written arrives, then an orderly end, on both sides', async () => {
      const { client, server, run } = await connect();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receiveShared(atServer);
      client.write(Buffer.alloc(1_000_000, 7));
      client.close();
      expect(client.isClosed).toBe(true);
      const endings = await run(Promise.all([atServer.ended(), atClient.ended()]));
      expect(endings).toEqual([
        { clean: true, error: undefined },
        { clean: true, error: undefined },
      ]);
      expect(atServer.bytes.length).toBe(1_000_000);
      expect(server.isClosed).toBe(true);
    });

    test('closed while the other side talks: that is dropped, and the end is still orderly', async () => {
      const { client, server, run } = await connect();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receive(atServer);
      for (let i = 0; i < 20; i++) server.write(Buffer.alloc(100_000));
      client.close();
      expect(await run(atServer.ended())).toEqual({ clean: true, error: undefined });
      expect(await run(atClient.ended())).toMatchObject({ error: undefined });
      expect(atClient.bytes.length).toBe(0);
    });

    test('destroyed: the other side sees an orderly end where nothing was in the way', async () => {
      const { client, server, run } = await connect();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receive(atServer);
      client.write(Buffer.from('last words'));
      client.destroy();
      expect(await run(atServer.ended())).toEqual({ clean: true, error: undefined });
      expect(atServer.text).toBe('last words');
      expect(await run(atClient.ended())).toEqual({ clean: false, error: undefined });
    });

    test('destroyed with its queue full: at once, and every `done` is called', async () => {
      const { client, server, run, settle } = await connect();
      let done = 0;
      const sink = new Recorder();
      client.receive(sink);
      for (let i = 0; i < 20; i++) client.write(Buffer.alloc(1_000_000), () => done++);
      await settle();
      client.destroy();
      expect(await run(sink.ended())).toEqual({ clean: false, error: undefined });
      await settle();
      expect(done).toBe(20);
      server.destroy();
    });

    test('writes after the end go nowhere, but `done` is called', async () => {
      const { client, run } = await connect();
      client.destroy();
      let isReturned = false;
      const done = new Promise<boolean>((resolve) => client.write(Buffer.from('x'), () => resolve(isReturned)));
      isReturned = true;
      expect(await run(done)).toBe(true);
      client.close();
      client.destroy();
    });

    test('tells a sink that came after the end', async () => {
      const { client, server, run, settle } = await connect();
      const [first, second] = [new Recorder(), new Recorder()];
      server.receive(first);
      client.close();
      await run(first.ended());
      server.receive(second);
      expect(second.ending).toBeUndefined();
      await settle();
      expect(await run(second.ended())).toEqual({ clean: true, error: undefined });
    });

    test('a reader that fails ends its own stream and nothing else', async () => {
      const { client, server, run } = await connect();
      const fault = new Error('a fault in the reader');
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receiveShared({
        data: () => {
          throw fault;
        },
        closed: (ending) => atServer.closed(ending),
      });
      client.write(Buffer.from('x'));
      expect(await run(atServer.ended())).toEqual({ clean: false, error: fault });
      expect(await run(atClient.ended())).toMatchObject({ error: undefined });
    });

    test('tells an end without close_notify from an orderly one', async () => {
      const { client, server, run, clientEndsUncleanly } = await connect();
      const sink = new Recorder();
      server.receive(sink);
      client.write(Buffer.from('x'));
      await run(sink.received(1));
      clientEndsUncleanly();
      expect(await run(sink.ended())).toMatchObject({ clean: false });
    });

    test('leaves TLS on both sides and carries on in clear', async () => {
      const { client, server, run } = await connect();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receive(atServer);
      client.write(Buffer.from('login'));
      await run(atServer.received(5));
      expect([client.canDropEncryption, server.canDropEncryption]).toEqual([true, true]);
      const clearServer = await run(server.dropEncryption(Buffer.from('welcome'))!);
      clearServer.write(Buffer.from('clear at once'));
      await run(atClient.received(7));
      const clearClient = await run(client.dropEncryption(Buffer.alloc(0))!);
      expect([clearServer.tls, clearClient.tls]).toEqual([undefined, undefined]);
      const [clearAtClient, clearAtServer] = [new Recorder(), new Recorder()];
      clearClient.receiveShared(clearAtClient);
      clearServer.receiveShared(clearAtServer);
      const random = new SeededRandom(3);
      const [up, down] = [random.bytes(500_000), random.bytes(700_000)];
      clearClient.write(up);
      clearServer.write(down);
      await run(Promise.all([clearAtServer.received(up.length), clearAtClient.received(down.length + 13)]));
      expect(clearAtServer.bytes.equals(up)).toBe(true);
      expect(clearAtClient.bytes.equals(Buffer.concat([Buffer.from('clear at once'), down]))).toBe(true);
      expect([atClient.text, atServer.text]).toEqual(['welcome', 'login']);
      expect([atClient.ending, atServer.ending]).toEqual([undefined, undefined]);
      clearServer.close();
      expect(await run(clearAtClient.ended())).toEqual({ clean: true, error: undefined });
    });

    test('handed over: the next owner gets the unread bytes, then all that comes', async () => {
      const { client, server, run, settle } = await connect();
      const [atClient, atServer] = [new Recorder(), new Recorder()];
      client.receive(atClient);
      server.receive(atServer);
      client.write(Buffer.from('GET / '));
      await run(atServer.received(6));
      const duplex = server.handOver(atServer.bytes);
      client.write(Buffer.from('HTTP/1.1'));
      await settle();
      const got: Buffer[] = [];
      const all = new Promise<void>((resolve) => {
        duplex.on('data', (chunk: Buffer) => {
          got.push(chunk);
          if (Buffer.concat(got).length === 14) resolve();
        });
      });
      await run(all);
      expect(Buffer.concat(got).toString()).toBe('GET / HTTP/1.1');
      expect([atServer.ending, server.isClosed]).toEqual([undefined, true]);
      const closed = once(duplex, 'close');
      duplex.end('answer');
      expect(await run(atClient.ended())).toMatchObject({ clean: true });
      expect(atClient.text).toBe('answer');
      await run(closed);
    });
  });
}
