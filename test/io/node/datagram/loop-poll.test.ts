import koffi from 'koffi';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Datagrams } from '#io';
import { createBatchedDatagrams } from '../../../../src/io/node/datagram/datagrams.ts';
import { loadNative } from '../../../../src/io/node/datagram/native.ts';
import { openPolls } from '../../../../src/io/node/loop-poll.ts';
import { describeDatagrams } from './datagram-suite.ts';
import { Mailbox } from './mailbox.ts';

const host = '127.0.0.1';

async function datagramsBy(isStraight: boolean): Promise<Datagrams> {
  const native = await loadNative();
  if (native === undefined) throw new Error('this needs Linux with koffi');
  return createBatchedDatagrams({ ...native, poll: openPolls(koffi, isStraight) });
}

describe.each([
  ['straight from libuv', true],
  ['by koffi', false],
])('readiness %s', (_, isStraight) => {
  describeDatagrams('UDP', () => datagramsBy(isStraight));

  test('is told with what follows from it: ticks and promises, before the next event', async () => {
    const datagrams = await datagramsBy(isStraight);
    const [one, other] = [await datagrams.bind({ host, port: 0 }), await datagrams.bind({ host, port: 0 })];
    onTestFinished(() => [one, other].forEach((socket) => socket.close()));
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      one.receive({
        received: () => {
          setImmediate(() => seen.push('check phase'));
          void Promise.resolve()
            .then(() => seen.push('promise'))
            .then(() => seen.push('another one'));
          process.nextTick(() => seen.push('tick'));
          setImmediate(resolve);
        },
      });
      other.send(Buffer.from('x'), host, one.local.port);
    });
    expect(seen).toEqual(['tick', 'promise', 'another one', 'check phase']);
  });

  test('watches sockets that come and go, one closed by what it receives', async () => {
    const datagrams = await datagramsBy(isStraight);
    const center = await datagrams.bind({ host, port: 0 });
    onTestFinished(() => center.close());
    center.receive({ received: (bytes, address, port) => center.send(bytes, address, port) });
    for (let round = 0; round < 20; round++) {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => datagrams.bind({ host, port: 0 })));
      const boxes = sockets.map((socket) => {
        const box = new Mailbox();
        socket.receive({
          received: (bytes, address, port) => {
            box.received(bytes, address, port);
            socket.close();
          },
        });
        socket.send(Buffer.from('x'), host, center.local.port);
        return box;
      });
      await Promise.all(boxes.map((box) => box.count(1)));
      globalThis.gc?.();
    }
    expect(center.counters.receivedDatagrams).toBe(400);
  });
});
