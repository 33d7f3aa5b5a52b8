import { expect, test } from 'vitest';
import { createNodeClock } from '#io/node';
import { MemoryDatagramNetwork, SeededRandom, VirtualClock } from '#io/sim';
import { describeDatagrams } from '../node/datagram/datagram-suite.ts';
import { Mailbox } from '../node/datagram/mailbox.ts';

const random = new SeededRandom(1);
const network = new MemoryDatagramNetwork({ clock: createNodeClock(), random, latencyMs: 0 });
const one = network.machine('198.51.100.1');
describeDatagrams('UDP in memory', () => Promise.resolve(one));

test('UDP in memory takes its time, and loses what it is told to lose', async () => {
  const clock = new VirtualClock();
  const far = new MemoryDatagramNetwork({ clock, random: new SeededRandom(2), latencyMs: 20 });
  const [here, there] = [far.machine('192.0.2.1'), far.machine('192.0.2.2')];
  const [sender, receiver] = [
    await here.bind({ host: '0.0.0.0', port: 5060 }),
    await there.bind({ host: '192.0.2.2', port: 5060 }),
  ];
  const [atSender, atReceiver] = [new Mailbox(), new Mailbox()];
  sender.receive(atSender);
  receiver.receive(atReceiver);
  sender.send(Buffer.from('x'), '192.0.2.2', 5060);
  clock.advance(19);
  expect(atReceiver.letters).toEqual([]);
  clock.advance(1);
  expect(await atReceiver.next()).toEqual({ text: 'x', address: '192.0.2.1', port: 5060 });
  far.lose(500);
  for (let i = 0; i < 1000; i++) sender.send(Buffer.from('x'), '192.0.2.2', 5060);
  clock.advance(20);
  expect(atReceiver.letters.length).toBeGreaterThan(400);
  expect(atReceiver.letters.length).toBeLessThan(600);
  far.lose(0);
  sender.send(Buffer.from('x'), '192.0.2.2', 5061);
  clock.advance(40);
  expect(atSender.refusals).toMatchObject([{ address: '192.0.2.2', port: 5061 }]);
});
