import { describe, expect, test } from 'vitest';
import { VirtualClock } from '#io/sim';
import { MessageWriter } from '../../../src/backplane/etcd/codec/message.ts';
import { LeaseRenewal } from '../../../src/backplane/etcd/lease-renewal.ts';
import type { StreamSink } from '../../../src/backplane/etcd/rpc/link.ts';

interface FakeStream {
  readonly sink: StreamSink;
  sent: number;
  isCancelled: boolean;
  answer(ttlSeconds?: number): void;
}

function world() {
  const clock = new VirtualClock();
  const streams: FakeStream[] = [];
  const client = {
    leaveCurrent: () => undefined,
    stream: (_method: string, sink: StreamSink) => {
      const answer = (ttlSeconds = 4): void =>
        sink.message(new MessageWriter().id(2, '7').number(3, ttlSeconds).finish());
      const stream: FakeStream = { sink, sent: 0, isCancelled: false, answer };
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
    },
  };
  const renewal = new LeaseRenewal(client, clock);
  const renewedAt: number[] = [];
  const events: string[] = [];
  const renew = (): void =>
    renewal.renew(
      '7',
      800,
      (sentMs) => renewedAt.push(sentMs),
      () => events.push('gone'),
    );
  return { clock, streams, renewal, renew, renewedAt, events };
}

describe('the renewal of leases', () => {
  test('asks another engine too when the first one is late, and takes whichever answer comes', async () => {
    const { clock, streams, renew, renewedAt } = world();
    renew();
    await clock.run(500);
    renew();
    expect(streams).toHaveLength(1);
    await clock.run(500);
    renew();
    expect(streams.map(({ sent, isCancelled }) => [sent, isCancelled])).toEqual([
      [1, false],
      [1, false],
    ]);
    streams[0]!.answer();
    expect(renewedAt).toEqual([0]);
    expect(streams[0]!.isCancelled).toBe(true);
    streams[1]!.answer();
    expect(renewedAt).toEqual([0, 1_000]);
  });

  test('gives the oldest of three late ones up, and goes on at the newest', async () => {
    const { clock, streams, renew, renewedAt } = world();
    for (let second = 0; second < 4; second++) {
      renew();
      await clock.run(1_000);
    }
    expect(streams.map(({ isCancelled }) => isCancelled)).toEqual([true, false, false, false]);
    streams[3]!.answer();
    expect(renewedAt).toEqual([3_000]);
    renew();
    expect(streams.map(({ sent }) => sent)).toEqual([1, 1, 1, 2]);
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
