/**
 * How long after the cut of the controller's cable log-ins work again, at a static hub and at dynamic hubs that lived on that
 * server or on another one:
 *
 *     node -C hubfarm-source bench/cluster/cuts.ts [cuts]      as root
 *
 * Three servers that may all lead, each on a host of its own, with an engine each. Clients knock twice a second at the two that
 * are left. The cut is mended afterwards, and the next one hits whoever leads by then. Times are from the cut to the end of the
 * first log-in that got in.
 */
import { resolve } from 'node:path';
import { argv, execPath } from 'node:process';
import { CliCluster } from '../../test/interop/cli-cluster.ts';
import type { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import type { KnockLine } from './knock.ts';

const cuts = Number(argv[2] ?? 10);
const program = resolve(import.meta.dirname, 'knock.ts');
const account = { user: 'load', password: 'word' } as const;
const staticHub = 'EVERYWHERE';
const dynamicHubs = ['D1', 'D2', 'D3', 'D4'];
const settleMs = 4_000;
const watchMs = 9_000;
/** Nobody who has come back declares anybody dead for two leases. */
const quarantineMs = 9_000;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const network = new Network();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

function knocks(output: string): KnockLine[] {
  const lines = [...output.matchAll(/^\{"kind":"knock".*\}$/gm)];
  return lines.map(([line]) => JSON.parse(line) as KnockLine);
}

/** After how long one of the servers logged this. */
function loggedMs(servers: readonly HubfarmServer[], message: string, sinceMs: number): number | undefined {
  const times = servers.flatMap(({ output }) =>
    [...output.matchAll(/^\{"level":"\w+","time":"([^"]+)".*"message":"([^"]*)"\}$/gm)]
      .filter(([, , said]) => said === message)
      .map(([, time = '']) => Date.parse(time) - sinceMs),
  );
  return times.filter((ms) => ms >= 0).sort((a, b) => a - b)[0];
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '-' : (ms / 1000).toFixed(2));

async function start(): Promise<CliCluster> {
  const cluster = new CliCluster(network, { alpha: [], beta: [], gamma: [] });
  await cluster.start();
  const { controller } = cluster;
  for (const name of ['beta', 'gamma']) {
    await cluster.mustRun(controller, 'promote', name);
    await cluster.status(`${name} to be a candidate`, controller, (rows) =>
      rows.some(({ server, role, state }) => server === name && role === 'candidate' && state === 'online'),
    );
  }
  await controller.hubfarm('hub', 'create', staticHub, '--static');
  for (const hub of dynamicHubs) await controller.hubfarm('hub', 'create', hub, '--dynamic');
  for (const hub of [staticHub, ...dynamicHubs]) await controller.admin.createUser(hub, account.user, account.password);
  return cluster;
}

async function cut(cluster: CliCluster, client: Host): Promise<readonly (number | undefined)[]> {
  const rows = await cluster.status('a controller', cluster.servers[0]!, (all) =>
    all.some(({ role, state }) => role === 'controller' && state === 'online'),
  );
  const name = rows.find(({ role }) => role === 'controller')?.server;
  const controller = cluster.servers.find((server) => cluster.nameOf(server) === name)!;
  const others = cluster.servers.filter((server) => server !== controller);
  const doors = others.map(({ host }) => `${host.address}:443`).join(',');
  const words = [doors, [staticHub, ...dynamicHubs].join(','), account.user, account.password];
  const knocking = client.start(execPath, ['--conditions=hubfarm-source', program, ...words]);
  await pause(settleMs);
  const placeOf = (hub: string): string | undefined =>
    knocks(knocking.output).findLast((line) => line.hub === hub && line.isIn)?.said;
  const lived = dynamicHubs.filter((hub) => placeOf(hub) === controller.host.address);
  const cutAtMs = Date.now();
  await controller.host.plugged(false);
  await pause(watchMs);
  await knocking.kill();
  const after = knocks(knocking.output).filter((line) => line.startedAtMs >= cutAtMs);
  const firstMs = (hubs: readonly string[]): number | undefined => {
    const times = hubs.map((hub) => {
      const ends = after.filter((line) => line.hub === hub && line.isIn).map((line) => line.endedAtMs - cutAtMs);
      return ends.length === 0 ? watchMs : Math.min(...ends);
    });
    return times.length === 0 ? undefined : Math.max(...times);
  };
  await controller.host.plugged(true);
  await cluster.complete(others[0]);
  await pause(quarantineMs);
  const lost = loggedMs(others, 'this member has lost its place in the cluster; it asks for a new one', cutAtMs);
  return [
    loggedMs(others, 'this member is the controller', cutAtMs),
    loggedMs(others, 'what lived on a member that has ended may be placed again', cutAtMs),
    firstMs([staticHub]),
    firstMs(dynamicHubs.filter((hub) => !lived.includes(hub))),
    firstMs(lived),
    lost,
  ];
}

try {
  const cluster = await start();
  const client = network.host('client');
  console.log(
    'another one leads, hubs are free, log-in: static hub, dynamic hub elsewhere, there | a place lost elsewhere (s)',
  );
  for (let count = 0; count < cuts; count++) {
    const times = await cut(cluster, client);
    console.log(times.map(seconds).join('  '));
  }
} finally {
  network.remove();
}
