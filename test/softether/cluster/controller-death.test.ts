import { afterEach, describe, expect, it } from 'vitest';
import { decodeLoginAnswer } from '../../../src/softether/codec/login-answer.ts';
import type { Redirect } from '../../../src/softether/codec/redirect.ts';
import type { Pack } from '#softether';
import { KEEP_ALIVE, type TestClient } from '../server/test-client.ts';
import { DYNAMIC, STATIC, ClusterRig, type Landed } from './cluster-rig.ts';

let rig: ClusterRig;
afterEach(() => rig.close());

const LIMIT = 150;

/** Log-ins at both eligible members at once; one of them, which leads, dies so many milliseconds later. */
async function storm(hub: string, diesAfterMs: number): Promise<Redirect[]> {
  const clients: { readonly client: TestClient; readonly pack: Pack }[] = [];
  for (let number = 0; number < 200; number++) {
    const client = await rig.members[number % 2 === 0 ? 0 : 3]!.connect().hello();
    clients.push({ client, pack: client.loginPack({ hub }) });
  }
  for (const { client, pack } of clients) client.sendPack(pack);
  await rig.run(diesAfterMs);
  const redirects: Redirect[] = [];
  const unanswered = new Set(clients.map(({ client }) => client));
  const collect = async (): Promise<void> => {
    for (const client of unanswered) {
      const answer = await client.answerPack(0);
      if (answer === undefined) continue;
      // Behind a Welcome come frames, which are no HTTP.
      unanswered.delete(client);
      const decoded = decodeLoginAnswer(answer);
      if (decoded.kind === 'redirect') redirects.push(decoded.redirect);
    }
  };
  await collect();
  await rig.kill(0);
  await rig.run(40);
  rig.elect(3);
  await rig.run(6_000);
  await collect();
  return redirects;
}

describe('a controller that dies in the middle of 200 log-ins', () => {
  for (const diesAfterMs of [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 25]) {
    it(`after ${diesAfterMs} ms: the dynamic hub lives once, the limit holds, no name is given twice`, async () => {
      const hubs = [
        { ...STATIC, maxSessions: LIMIT },
        { ...DYNAMIC, maxSessions: LIMIT },
      ];
      rig = await ClusterRig.start({ members: 4, eligible: [0, 3], hubs });
      for (const id of ['m0/0', 'm3/0'] as const) rig.cluster.change(id, { info: { isControllerOnly: true } });
      await rig.run(3_000);
      for (const hub of ['SHOP', 'LAN']) {
        if (hub === 'LAN') {
          await rig.join(0);
          rig.cluster.change('m0/0', { info: { isControllerOnly: true } });
          rig.elect(0);
          await rig.run(4_000);
        }
        const redirects = await storm(hub, diesAfterMs);
        const landed: Landed[] = [];
        for (const redirect of redirects) {
          const one = await rig.follow(redirect, { hub });
          expect(one.answer.kind, 'whoever was redirected gets in').toBe('welcome');
          landed.push(one);
        }
        // Tickets whose Redirect died with the controller hold their places until they expire.
        for (let tens = 0; tens < 3; tens++) {
          for (const { client } of landed) client.write(KEEP_ALIVE);
          await rig.run(11_000);
        }
        const { answer } = await rig.login(3, { hub });
        expect(answer.kind, 'log-ins go on').toBe(landed.length < LIMIT ? 'welcome' : 'error');
        const sessions = rig.members.slice(1).flatMap(({ server }) => server.sessions());
        const ofHub = sessions.filter((session) => session.hub.name === hub);
        expect(ofHub.length).toBeLessThanOrEqual(LIMIT);
        expect(ofHub.length).toBe(Math.min(landed.length + 1, LIMIT));
        expect(new Set(ofHub.map(({ name }) => name)).size).toBe(ofHub.length);
        if (hub === 'SHOP') {
          expect(rig.members.filter((member) => member.hub('SHOP') !== undefined)).toHaveLength(1);
          expect(rig.objects.made.get('SHOP')).toBe(1);
        }
      }
    });
  }
});

describe('a controller that is cut off', () => {
  it('is not waited for any more by a log-in once another one leads', async () => {
    rig = await ClusterRig.start({ members: 3, eligible: [0, 1], hubs: [STATIC] });
    rig.mesh.hung.add('m0/0');
    const client = await rig.members[1]!.connect().hello();
    client.sendPack(client.loginPack({ hub: STATIC.name }));
    await rig.run(1_000);
    rig.cluster.leave('m0/0');
    rig.elect(1);
    const answer = await client.answerPack(300);
    expect(answer && decodeLoginAnswer(answer).kind).toMatch(/redirect|welcome/);
  });

  it('is waited for by a log-in longer than the five seconds in which it is followed', async () => {
    rig = await ClusterRig.start({ members: 3, eligible: [0, 1], hubs: [STATIC] });
    rig.mesh.hung.add('m0/0');
    const client = await rig.members[1]!.connect().hello();
    client.sendPack(client.loginPack({ hub: STATIC.name }));
    await rig.run(6_500);
    rig.cluster.leave('m0/0');
    rig.elect(1);
    const answer = await client.answerPack(300);
    expect(answer && decodeLoginAnswer(answer).kind).toMatch(/redirect|welcome/);
  });

  it.each([
    { unheardForMs: 4_300, comes: 'at once' },
    { unheardForMs: 0, comes: 'after three seconds' },
  ])('holds up log-ins with a limit no longer than three seconds after it was heard last ($comes)', async (silence) => {
    rig = await ClusterRig.start({ members: 3, eligible: [0, 1], hubs: [{ ...STATIC, maxSessions: 10 }] });
    rig.mesh.hung.add('m0/0');
    const unheardSinceMs = rig.clock.nowMs() - silence.unheardForMs;
    rig.cluster.change('m0/0', { state: 'suspect', cause: 'silent', unheardSinceMs });
    rig.elect(1);
    const client = await rig.members[1]!.connect().hello();
    client.sendPack(client.loginPack({ hub: STATIC.name }));
    const early = await client.answerPack(1_000);
    expect(early !== undefined).toBe(silence.comes === 'at once');
    if (early === undefined) expect(await client.answerPack(3_000)).toBeDefined();
  });
});
