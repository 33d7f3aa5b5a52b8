import { beforeAll, describe, expect, test } from 'vitest';
import { CliCluster } from './cli-cluster.ts';
import { until } from './command.ts';
import type { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';

const minute = 60_000;

if (requirePeers(['etcd', 'ip'])) {
  describe('four servers of a cluster, of which three have a vote in the engine', () => {
    const network = useNetwork();
    let cluster: CliCluster;
    let alpha: HubfarmServer;

    beforeAll(async () => {
      cluster = new CliCluster(network(), { alpha: [], beta: [], gamma: [], delta: [] });
      alpha = cluster.controller;
      await cluster.start();
    }, 3 * minute);

    test(
      'the fourth takes the vote of one that is removed, and the engine outlasts the loss of any one again',
      async () => {
        const voters = async (): Promise<string[]> => {
          const rows = await cluster.status('an answer', alpha, () => true);
          return rows.filter(({ engine }) => engine === 'voter').map(({ server }) => server);
        };
        const before = await voters();
        expect(before).toHaveLength(3);
        const fourth = cluster.servers.map((server) => cluster.nameOf(server)).find((name) => !before.includes(name))!;
        const [gone = '', left = ''] = before.filter((name) => name !== 'alpha');
        const started = performance.now();
        await cluster.mustRun(alpha, 'remove', gone);
        await until('the vote of the fourth', 2 * minute, async () => (await voters()).includes(fourth));
        console.log(`the fourth server has the vote after ${((performance.now() - started) / 1000).toFixed(1)} s`);
        const other = cluster.servers.find((server) => cluster.nameOf(server) === left)!;
        await other.kill();
        // The controller still writes: two of the three votes are there.
        await until('a change with two votes of three', minute, async () => {
          const made = await alpha.hubfarm('hub', 'create', 'AFTERWARDS', '--static').catch(() => undefined);
          return made !== undefined;
        });
      },
      5 * minute,
    );
  });
}
