import { expect, test } from 'vitest';
import { MemoryDatagramNetwork, SeededRandom, VirtualClock } from '#io/sim';
import { strangerWarning, takenPlaces } from '../../../src/sip/roles/port-strangers.ts';

const place = { host: '192.0.2.1', port: 5060 };
const listener = { transport: 'udp', ...place, isListening: true, error: undefined } as const;

test('another server of the same user on a shared port is found, where its sockets would let ours in without a word', async () => {
  const network = new MemoryDatagramNetwork({ clock: new VirtualClock(), random: new SeededRandom(1) });
  const machine = network.machine('192.0.2.1');
  expect(await takenPlaces(machine, [place])).toEqual([]);
  // What was looked at is free again.
  await machine.bind({ ...place, reusePort: true });
  const taken = await takenPlaces(machine, [
    place,
    { host: undefined, port: 5070 },
    { host: '198.51.100.1', port: 5060 },
  ]);
  expect(taken).toEqual([place]);
  expect(strangerWarning(taken, [listener])?.text).toContain('192.0.2.1:5060');
  // That it could not be opened is said elsewhere.
  expect(strangerWarning(taken, [{ ...listener, isListening: false, error: 'taken' }])).toBeUndefined();
  expect(strangerWarning([], [listener])).toBeUndefined();
});
