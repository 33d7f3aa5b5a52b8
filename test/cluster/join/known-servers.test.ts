import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openEmbedded } from '#backplane';
import { KnownServers, type MemberBoot } from '#cluster';
import { createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';

/** The store tells its watches a moment later. */
const soon = { timeout: 10_000 };

const boot = (member: MemberBoot['member']): MemberBoot => ({ member, boot: 'b' });

async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'hubfarm-servers-'));
  const shared = await openEmbedded({ path: join(folder, 'store.db'), clock: createNodeClock() });
  const clock = new VirtualClock();
  const servers = new KnownServers(shared, clock);
  onTestFinished(async () => {
    servers.close();
    await shared.close();
    rmSync(folder, { recursive: true });
  });
  return { shared, clock, servers };
}

test('members of servers that are not in the list are refused, by name; without a list nobody is', async () => {
  const { shared, servers } = await start();
  expect([servers.refusal(boot('beta/0')), servers.canOthersLead('alpha')]).toEqual([undefined, true]);
  await shared.put('cfg/cluster/server/alpha', '{}');
  await shared.put('cfg/cluster/server/beta', '{}');
  await vi.waitFor(() => expect(servers.refusal(boot('gamma/0'))).toContain('gamma is not in the list'), soon);
  await vi.waitFor(() => expect(servers.refusal(boot('beta/1'))).toBeUndefined(), soon);
  expect(servers.canOthersLead('alpha')).toBe(true);
  await shared.put('cfg/cluster/server/beta', '{"isEligible":false}');
  await vi.waitFor(() => expect(servers.canOthersLead('alpha')).toBe(false), soon);
  expect(servers.canOthersLead('beta')).toBe(true);
});

test('a server that is removed has half a minute to be told; then it is refused, and its links are looked at again', async () => {
  const { shared, clock, servers } = await start();
  for (const server of ['alpha', 'beta', 'gamma']) await shared.put(`cfg/cluster/server/${server}`, '{}');
  await vi.waitFor(() => expect(servers.refusal(boot('delta/0'))).toBeDefined(), soon);
  let changes = 0;
  const following = servers.following({ busMembers: () => [], onChange: () => () => undefined });
  const unfollow = following.onChange(() => changes++);
  for (const server of ['beta', 'gamma']) {
    await shared.txn([{ kind: 'delete', key: `cfg/cluster/server/${server}` }], []);
  }
  await vi.waitFor(() => expect(servers.canOthersLead('alpha')).toBe(false), soon);
  clock.advance(29_000);
  expect([servers.refusal(boot('beta/1')), servers.refusal(boot('gamma/0')), changes]).toEqual([
    undefined,
    undefined,
    0,
  ]);
  // The engine did not let gamma go: it was put back.
  await shared.put('cfg/cluster/server/gamma', '{}');
  await vi.waitFor(() => expect(servers.canOthersLead('alpha')).toBe(true), soon);
  clock.advance(1_000);
  expect(servers.refusal(boot('beta/1'))).toContain('beta is not in the list');
  expect([servers.refusal(boot('gamma/0')), servers.refusal(boot('alpha/0')), changes]).toEqual([
    undefined,
    undefined,
    1,
  ]);
  unfollow();
  clock.advance(60_000);
  expect(changes).toBe(1);
});
