import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { FaceOptions } from '../../../src/sip/transport/face.ts';
import { VIP, type Member } from './farm-member.ts';
import { FarmWorld } from './farm-world.ts';
import { MatrixParty } from './matrix-party.ts';

const calls = 24;

describe.each(['nat', 'dsr'] as const)('behind a balancer (%s)', (balancer) => {
  let world: FarmWorld;
  let alice: MatrixParty;
  let beta: Member;

  beforeEach(async () => {
    const face: FaceOptions = {
      ...{ virtualAddresses: [VIP], balancer, wanAddress: '', lanNetworks: [], memberAddresses: [] },
    };
    world = await FarmWorld.open({ members: 3, face });
    onTestFinished(() => world.stop());
    await world.pass(300);
    world.clock.advance(300_000);
    alice = await new MatrixParty(world, '198.51.100.7', 'udp').open();
    beta = world.members[1]!;
  });

  /** All of them arrive at beta. How many it worked on itself. */
  async function keptHere(method: string, uri: string, headers: readonly string[] = []): Promise<number> {
    const before = beta.farm!.figures.here;
    for (let call = 0; call < calls; call++) {
      const callId = `${method}-${call}`;
      const parts = { method, uri, callId, cseq: 1, fromTag: 'a', to: 'sip:alice@example.org', headers };
      await alice.send({ ...parts, branch: `z9hG4bK${method}${call}` }, beta);
    }
    return beta.farm!.figures.here - before;
  }

  /** About a third is its own share. */
  const isShared = (kept: number): boolean => kept > 0 && kept < calls;

  test('a REGISTER to its address is work of the farm, like one to the domain', async () => {
    expect(isShared(await keptHere('REGISTER', `sip:${VIP}`))).toBe(true);
    expect(isShared(await keptHere('REGISTER', 'sip:example.org'))).toBe(true);
  });

  test('one to the address of a server is done by that server', async () => {
    expect(await keptHere('REGISTER', `sip:${beta.address}:5060`)).toBe(calls);
  });

  test.each(['OPTIONS', 'OPTION'])(
    '%s to its address is answered by whoever gets it, as to a server',
    async (method) => {
      expect(await keptHere(method, `sip:${VIP}:5060`)).toBe(calls);
      expect(await keptHere(method, `sip:${beta.address}:5060`)).toBe(calls);
      expect(alice.words(`${method}-0`)).toContain('200');
    },
  );

  test('OPTIONS with a Route that names the server as well is answered there, one for a user is work of the farm', async () => {
    const route = `Route: <sip:${beta.address}:5060;lr>`;
    expect(await keptHere('OPTIONS', `sip:${beta.address}:5060`, [route])).toBe(calls);
    expect(isShared(await keptHere('OPTIONS', `sip:alice@${VIP}`))).toBe(true);
  });
});
