import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openEmbedded } from '#backplane';
import { KnownServers, type MemberBoot } from '#cluster';
import { createNodeClock } from '#io/node';
import { VirtualClock } from '#io/sim';

const boot = (member: MemberBoot['member']): MemberBoot => ({ member, boot: 'b' });

test('members of servers that are not in the list (any more) are refused, by name; without a list nobody is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hubfarm-servers-'));
  const shared = await openEmbedded({ path: join(folder, 'store.db'), clock: createNodeClock() });
  const clock = new VirtualClock();
  const servers = new KnownServers(shared, clock);
  onTestFinished(async () => {
    servers.close();
    await shared.close();
    rmSync(folder, { recursive: true });
  });
  expect([servers.refusal(boot('beta/0')), servers.canOthersLead('alpha')]).toEqual([undefined, true]);
  await shared.put('cfg/cluster/server/alpha', '{}');
  await shared.put('cfg/cluster/server/beta', '{}');
  await vi.waitFor(() => expect(servers.refusal(boot('gamma/0'))).toContain('gamma is not in the list'));
  await vi.waitFor(() => expect(servers.refusal(boot('beta/1'))).toBeUndefined());
  expect(servers.canOthersLead('alpha')).toBe(true);
  await shared.put('cfg/cluster/server/beta', '{"isEligible":false}');
  await vi.waitFor(() => expect(servers.canOthersLead('alpha')).toBe(false));
  expect(servers.canOthersLead('beta')).toBe(true);
  await shared.txn([{ kind: 'delete', key: 'cfg/cluster/server/beta' }], []);
  // It must still be told.
  await vi.waitFor(() => expect(servers.canOthersLead('alpha')).toBe(false));
  expect(servers.refusal(boot('beta/1'))).toBeUndefined();
  await vi.waitFor(() => {
    clock.advance(15_000);
    expect(servers.refusal(boot('beta/1'))).toContain('beta');
  });
  expect(servers.refusal(boot('alpha/0'))).toBeUndefined();
});
