import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeDatagrams, createPlainDatagrams } from '#io/node';
import { describeDatagrams } from './datagram-suite.ts';
import { Mailbox } from './mailbox.ts';

describeDatagrams('UDP in batches', createNodeDatagrams);
describeDatagrams('UDP one by one', () => Promise.resolve(createPlainDatagrams()));

describe('UDP in batches, on Linux', () => {
  test('is what this machine uses', async () => {
    expect((await createNodeDatagrams()).means).toBe('recvmmsg/sendmmsg');
  });

  test.each(['127.0.0.1', '::1'])('tells whose port is not open, by ICMP of %s', async (host) => {
    const datagrams = await createNodeDatagrams();
    const [one, gone] = [await datagrams.bind({ host, port: 0 }), await datagrams.bind({ host, port: 0 })];
    onTestFinished(() => one.close());
    const sink = new Mailbox();
    one.receive(sink);
    gone.close();
    one.send(Buffer.from('x'), host, gone.local.port);
    const { address, port, error } = await sink.refusal();
    expect({ address, port }).toEqual({ address: host, port: gone.local.port });
    expect(error).toMatchObject({ code: 'REFUSED' });
  });

  test('takes many datagrams in one wake-up', async () => {
    const datagrams = await createNodeDatagrams();
    const [one, other] = [
      await datagrams.bind({ host: '127.0.0.1', port: 0, receiveBufferBytes: 1 << 20, typeOfService: 0x60 }),
      await datagrams.bind({ host: '127.0.0.1', port: 0 }),
    ];
    onTestFinished(() => [one, other].forEach((socket) => socket.close()));
    const sink = new Mailbox();
    one.receive(sink);
    for (let i = 0; i < 100; i++) other.send(Buffer.from('x'), '127.0.0.1', one.local.port);
    await sink.count(100);
    expect(one.counters.wakeUps).toBeLessThan(20);
  });
});
