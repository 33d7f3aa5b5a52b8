import { describe, expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { MessageWriter } from '../../../src/backplane/etcd/codec/message.ts';
import { LeaseRenewal } from '../../../src/backplane/etcd/lease-renewal.ts';
import type { StreamSink } from '../../../src/backplane/etcd/rpc/link.ts';

interface FakeStream {
  readonly at: string;
  readonly sink: StreamSink;
  sent: number;
  isCancelled: boolean;
  answer(ttlSeconds?: number): void;
}

function world(engines: readonly string[] = ['own', 'second', 'third']) {
  const clock = new VirtualClock();
  const streams: FakeStream[] = [];
  const open = (at: string, sink: StreamSink) => {
    const answer = (ttlSeconds = 4): void =>
      sink.message(new MessageWriter().id(2, '7').number(3, ttlSeconds).finish());
    const stream: FakeStream = { at, sink, sent: 0, isCancelled: false, answer };
    streams.push(stream);
    return {
      send: () => {
        stream.sent++;
      },
      cancel: () => void (stream.isCancelled = true),
      end: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
    };
  };
  const client = {
    ways: () => engines.map((name) => ({ name, stream: (_method: string, sink: StreamSink) => open(name, sink) })),
  };
  const renewal = new LeaseRenewal(client, clock);
  const renewedAt: number[] = [];
  const events: string[] = [];
  const renew = (): void =>
    renewal.renew(
      '7',
      400,
      (sentMs) => renewedAt.push(sentMs),
      () => events.push('gone'),
    );
  /** As the holder of a lease does. */
  const renewFor = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 500) {
      renew();
      await clock.run(500);
    }
  };
  const opened = (): string[] => streams.filter(({ isCancelled }) => !isCancelled).map(({ at }) => at);
  return { clock, streams, renewal, renew, renewFor, renewedAt, events, inUse: opened };
}

describe('the renewal of leases', () => {
  test('asks all engines anew when one is late, and takes whichever answer comes', async () => {
    const { streams, renewFor, renewedAt, inUse } = world();
    await renewFor(1_000);
    expect(inUse()).toEqual(['own', 'own', 'second', 'third']);
    streams[2]!.answer();
    expect(renewedAt).toEqual([500]);
    // What the others owe is not waited for any more.
    expect(inUse()).toEqual(['second']);
    await renewFor(500);
    expect(streams.map(({ sent }) => sent)).toEqual([1, 1, 2, 1]);
  });

  test('takes a late answer too, and waits on for the newer one', async () => {
    const { streams, renewFor, renewedAt, inUse } = world();
    await renewFor(1_000);
    streams[0]!.answer();
    expect(renewedAt).toEqual([0]);
    expect(inUse()).toEqual(['own', 'own', 'second', 'third']);
    streams[1]!.answer();
    expect(renewedAt).toEqual([0, 500]);
    expect(inUse()).toEqual(['own']);
  });

  test('has no more than three streams to an engine that answers nothing', async () => {
    const { renewFor, inUse, renewal } = world(['own', 'second']);
    await renewFor(5_000);
    expect(inUse()).toEqual(['own', 'second', 'own', 'second', 'own', 'second']);
    renewal.close();
    expect(inUse()).toEqual([]);
  });

  test('opens a stream anew when it has ended, and tells that a lease is gone', () => {
    const { streams, renew, events, renewal } = world();
    renew();
    streams[0]!.sink.ended(undefined);
    renew();
    expect(streams).toHaveLength(2);
    streams[1]!.answer(0);
    expect(events).toEqual(['gone']);
    renewal.close();
    expect(streams[1]!.isCancelled).toBe(true);
  });
});
