import { describe, expect, onTestFinished, test } from 'vitest';
import { FarmWorld } from './farm-world.ts';
import { MatrixParty } from './matrix-party.ts';

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  test('a telephone that has a very member as its outbound proxy means the farm, whoever works on its call', async () => {
    const world = await FarmWorld.open({ members: 3 });
    onTestFinished(() => world.stop());
    await world.pass(300);
    world.clock.advance(300_000);
    const alice = await new MatrixParty(world, '198.51.100.7', transport).open();
    const bob = await new MatrixParty(world, '198.51.100.8', transport).open();
    for (const user of ['alice', 'bob']) world.account(user);
    world.bind('bob', bob.contact);
    const [, second] = world.members;
    const transportParam = transport === 'tcp' ? ';transport=tcp' : '';
    const routes = [`<sip:${second!.address}:5060${transportParam};lr>`];
    for (let call = 0; call < 9; call++) {
      const callId = `routed-${call}`;
      const request = { method: 'MESSAGE', uri: 'sip:bob@example.org', callId, cseq: 1, fromTag: 'a' } as const;
      await alice.send({ ...request, branch: `z9hG4bKr${call}`, routes }, second!);
      const heard = bob.last('MESSAGE', callId);
      expect(heard.routes()).toEqual([]);
      // The farm is one hop, not a member that forwards to another one.
      expect(heard.maxForwards()).toBe(69);
    }
  });
});
