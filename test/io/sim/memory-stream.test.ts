import { describe, expect, test } from 'vitest';
import { SeededRandom, StreamPair, VirtualClock } from '#io/sim';
import { describeByteStream } from '../byte-stream-suite.ts';
import { Recorder } from '../recorder.ts';

async function until<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  const progress = { isOver: false };
  const over = (): void => {
    progress.isOver = true;
  };
  promise.then(over, over);
  for (let step = 0; step < 10_000; step++) {
    await clock.run(10);
    // Node's own streams (a stream handed over) take turns of the real loop.
    await new Promise(setImmediate);
    if (progress.isOver) return promise;
  }
  throw new Error('nothing more happens');
}

const pair = (clock: VirtualClock, maxChunkBytes = 16_384): StreamPair =>
  new StreamPair({ clock, random: new SeededRandom(11), maxChunkBytes });

describeByteStream('a stream in memory', () => {
  const clock = new VirtualClock();
  const streams = pair(clock);
  return Promise.resolve({
    client: streams.client,
    server: streams.server,
    run: (promise) => until(clock, promise),
    settle: () => clock.run(1_000),
    clientEndsUncleanly: () => streams.clientEndsUncleanly(),
  });
});

describe('a connection in memory', () => {
  test('takes its latency, one way', () => {
    const clock = new VirtualClock();
    const { client, server } = new StreamPair({ clock, random: new SeededRandom(1), latencyMs: 30 });
    const sink = new Recorder();
    server.receive(sink);
    client.write(Buffer.from('x'));
    clock.advance(29);
    expect(sink.text).toBe('');
    clock.advance(1);
    expect(sink.text).toBe('x');
  });

  test('cuts into chunks of the length that was asked for, the same for the same seed', () => {
    const lengths = (): number[] => {
      const clock = new VirtualClock();
      const { client, server } = pair(clock, 10);
      const sink = new Recorder();
      server.receive(sink);
      client.write(Buffer.alloc(100));
      clock.advance(10);
      return sink.chunks.map((chunk) => chunk.length);
    };
    expect(Math.max(...lengths())).toBeLessThanOrEqual(10);
    expect(lengths().length).toBeGreaterThan(10);
    expect(lengths()).toEqual(lengths());
  });

  test('overwrites a shared chunk when its reader has had it', () => {
    const clock = new VirtualClock();
    const { client, server } = pair(clock);
    let kept: Buffer = Buffer.alloc(0);
    server.receiveShared({ data: (chunk) => (kept = chunk), closed: () => undefined });
    client.write(Buffer.from('secret'));
    clock.advance(10);
    expect(kept.includes('secret')).toBe(false);
  });

  test('cut: both ends are told of the loss', () => {
    const clock = new VirtualClock();
    const streams = pair(clock);
    const [atClient, atServer] = [new Recorder(), new Recorder()];
    streams.client.receive(atClient);
    streams.server.receive(atServer);
    streams.server.pause();
    streams.cut();
    clock.advance(10);
    expect(atClient.ending).toMatchObject({ clean: false, error: { code: 'CONNECTION_LOST' } });
    expect(atServer.ending).toMatchObject({ clean: false, error: { code: 'CONNECTION_LOST' } });
  });

  test('silent: nothing arrives and nobody is told; closing ends after the grace', () => {
    const clock = new VirtualClock();
    const streams = pair(clock);
    const [atClient, atServer] = [new Recorder(), new Recorder()];
    streams.client.receive(atClient);
    streams.server.receive(atServer);
    streams.silence();
    streams.client.write(Buffer.from('x'));
    clock.advance(60_000);
    expect([atClient.ending, atServer.text, atServer.ending]).toEqual([undefined, '', undefined]);
    streams.client.close();
    clock.advance(1_999);
    expect(atClient.ending).toBeUndefined();
    clock.advance(1);
    expect(atClient.ending).toEqual({ clean: false, error: undefined });
    expect(clock.pendingTimers).toBe(0);
  });

  test('a new handshake is possible once, on the server, under TLS 1.2', async () => {
    const clock = new VirtualClock();
    const { client, server } = pair(clock);
    expect(await until(clock, server.renegotiate())).toBe(true);
    expect(await until(clock, server.renegotiate())).toBe(false);
    expect(await until(clock, client.renegotiate())).toBe(false);
  });
});
