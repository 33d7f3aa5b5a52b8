import { describe, expect, onTestFinished, test } from 'vitest';
import type { Datagram, DatagramOptions, Datagrams } from '#io';
import { Mailbox } from './mailbox.ts';

/** What every UDP socket does, whatever moves its datagrams. */
export function describeDatagrams(name: string, create: () => Promise<Datagrams>): void {
  const bind = async (options: Partial<DatagramOptions> = {}): Promise<Datagram> => {
    const socket = await (await create()).bind({ host: '127.0.0.1', port: 0, ...options });
    onTestFinished(() => socket.close());
    return socket;
  };
  const pair = async (host: string): Promise<readonly [Datagram, Datagram, Mailbox, Mailbox]> => {
    const [one, other] = [await bind({ host }), await bind({ host })];
    const [atOne, atOther] = [new Mailbox(), new Mailbox()];
    one.receive(atOne);
    other.receive(atOther);
    return [one, other, atOne, atOther];
  };

  describe(name, () => {
    test.each(['127.0.0.1', '::1'])(
      'carries datagrams both ways on %s, with the address to answer to',
      async (host) => {
        const [one, other, atOne, atOther] = await pair(host);
        one.send(Buffer.from('question'), host, other.local.port);
        expect(await atOther.next()).toEqual({ text: 'question', address: host, port: one.local.port });
        other.send(Buffer.from('answer'), host, one.local.port);
        expect(await atOne.next()).toEqual({ text: 'answer', address: host, port: other.local.port });
        expect(one.local.address).toBe(host);
      },
    );

    test('gives bytes that stay as they are when later datagrams come', async () => {
      const [one, other, , atOther] = await pair('127.0.0.1');
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 40; i++) one.send(Buffer.from(`${round}.${i} `.repeat(100)), '127.0.0.1', other.local.port);
        await atOther.count((round + 1) * 40);
      }
      const texts = atOther.letters.map(({ bytes }) => bytes.toString());
      expect(texts).toEqual(Array.from({ length: 800 }, (_, n) => `${Math.floor(n / 40)}.${n % 40} `.repeat(100)));
    });

    test.each([0, 1, 1_500, 9_000, 65_507])('carries %i bytes', async (length) => {
      const [one, other, , atOther] = await pair('127.0.0.1');
      const bytes = Buffer.alloc(length, 'z');
      one.send(bytes, '127.0.0.1', other.local.port);
      await atOther.count(1);
      expect(atOther.letters[0]!.bytes.equals(bytes)).toBe(true);
    });

    test('loses and counts what is longer than a datagram can be, or has no address of its family', async () => {
      const [one, other, , atOther] = await pair('127.0.0.1');
      one.send(Buffer.alloc(65_508), '127.0.0.1', other.local.port);
      one.send(Buffer.from('x'), '::1', other.local.port);
      one.send(Buffer.from('x'), 'example.org', other.local.port);
      one.send(Buffer.from('x'), '127.0.0.1', 0);
      one.send(Buffer.from('good'), '127.0.0.1', other.local.port);
      expect(await atOther.next()).toMatchObject({ text: 'good' });
      expect(one.counters).toMatchObject({ sentDatagrams: 1, refusedDatagrams: 4 });
    });

    test('sends more at once than its queue holds', async () => {
      const [one, other, , atOther] = await pair('127.0.0.1');
      for (let i = 0; i < 150; i++) one.send(Buffer.alloc(400, i % 26), '127.0.0.1', other.local.port);
      await atOther.count(150);
      expect(atOther.letters.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 150 }, (_, i) => i % 26));
      expect(one.counters).toMatchObject({ sentDatagrams: 150, sentBytes: 60_000 });
      expect(other.counters).toMatchObject({ receivedDatagrams: 150, receivedBytes: 60_000 });
    });

    test('delivers what came before there was a reader', async () => {
      const [one, late] = [await bind(), await bind()];
      one.receive(new Mailbox());
      one.send(Buffer.from('early'), '127.0.0.1', late.local.port);
      one.flush();
      await new Promise((turn) => setTimeout(turn, 20));
      const sink = new Mailbox();
      late.receive(sink);
      expect(sink.letters).toEqual([]);
      expect(await sink.next()).toMatchObject({ text: 'early' });
    });

    test('runs promises of a reader before the next wake-up', async () => {
      const [one, other] = [await bind(), await bind()];
      const order: string[] = [];
      const done = Promise.withResolvers<undefined>();
      one.receive({
        received: () => {
          order.push('delivered');
          void Promise.resolve().then(() => {
            order.push('promise');
            done.resolve(undefined);
          });
        },
      });
      other.send(Buffer.from('x'), '127.0.0.1', one.local.port);
      await done.promise;
      expect(order).toEqual(['delivered', 'promise']);
    });

    test('tells nobody anything after it was closed, also in the middle of a batch', async () => {
      const [one, other] = [await bind(), await bind()];
      let got = 0;
      const first = Promise.withResolvers<undefined>();
      one.receive({
        received: () => {
          got++;
          one.close();
          first.resolve(undefined);
        },
      });
      for (let i = 0; i < 10; i++) other.send(Buffer.from('x'), '127.0.0.1', one.local.port);
      await first.promise;
      await new Promise((turn) => setTimeout(turn, 20));
      expect(got).toBe(1);
      one.send(Buffer.from('x'), '127.0.0.1', other.local.port);
      one.flush();
      one.close();
    });

    test('goes on after a datagram to a port that nobody has', async () => {
      const [one, other, , atOther] = await pair('127.0.0.1');
      const gone = await bind();
      const { port } = gone.local;
      gone.close();
      for (let i = 0; i < 5; i++) {
        one.send(Buffer.from('lost'), '127.0.0.1', port);
        one.flush();
        one.send(Buffer.from(`kept ${i}`), '127.0.0.1', other.local.port);
        expect(await atOther.next()).toMatchObject({ text: `kept ${i}` });
      }
    });

    test('says which port is taken, and what to do', async () => {
      const first = await bind();
      await expect(bind({ port: first.local.port })).rejects.toThrow(
        `cannot listen on 127.0.0.1:${first.local.port}: another program uses this UDP port`,
      );
      await expect(bind({ host: '192.0.2.77' })).rejects.toMatchObject({ code: 'ADDRESS_NOT_AVAILABLE' });
      await expect(bind({ host: 'example.org' })).rejects.toMatchObject({ code: 'ADDRESS_NOT_AVAILABLE' });
    });

    test('shares one port between sockets that ask for it', async () => {
      const first = await bind({ reusePort: true });
      const second = await bind({ reusePort: true, port: first.local.port });
      expect(second.local).toEqual(first.local);
    });

    test('has a socket on one address beside one on all of them: each answers from where it was asked', async () => {
      const all = await bind({ host: '0.0.0.0', reuseAddress: true });
      const { port } = all.local;
      const own = await bind({ host: '127.0.0.7', port, reuseAddress: true });
      const asker = await bind();
      const [atAll, atOwn, atAsker] = [new Mailbox(), new Mailbox(), new Mailbox()];
      all.receive(atAll);
      own.receive(atOwn);
      asker.receive(atAsker);
      asker.send(Buffer.from('to the one'), '127.0.0.7', port);
      expect(await atOwn.next()).toMatchObject({ text: 'to the one' });
      asker.send(Buffer.from('to all'), '127.0.0.1', port);
      expect(await atAll.next()).toMatchObject({ text: 'to all' });
      own.send(Buffer.from('from the one'), '127.0.0.1', asker.local.port);
      expect(await atAsker.next()).toEqual({ text: 'from the one', address: '127.0.0.7', port });
    });

    test('keeps IPv4 and IPv6 apart: both may have all addresses of a port', async () => {
      const six = await bind({ host: '::' });
      const four = await bind({ host: '0.0.0.0', port: six.local.port });
      const atFour = new Mailbox();
      four.receive(atFour);
      const asker = await bind();
      asker.send(Buffer.from('x'), '127.0.0.1', four.local.port);
      expect(await atFour.next()).toMatchObject({ address: '127.0.0.1' });
      expect(six.counters.receivedDatagrams).toBe(0);
    });

    test('knows from which address it would send', async () => {
      const datagrams = await create();
      expect(await datagrams.sourceFor('127.0.0.9')).toBe('127.0.0.1');
      expect(await datagrams.sourceFor('::1')).toBe('::1');
      await expect(datagrams.sourceFor('example.org')).rejects.toMatchObject({ code: 'BAD_ADDRESS' });
    });
  });
}
