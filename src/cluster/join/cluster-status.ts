import { parseMemberId } from '../member-id.ts';
import type { MemberView } from '../membership.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type { ClusterServerStatus, ClusterStatus } from './cluster-steps.ts';
import { engineRisk, type EngineSeat } from './engine-risk.ts';
import type { RunningCluster } from './running-cluster.ts';
import type { ServerRecord } from './server-registry.ts';

/** What this server knows of its cluster; of servers that do not run, what the store says. */
export async function clusterStatus(
  settings: ClusterSettings | undefined,
  cluster: RunningCluster | undefined,
): Promise<ClusterStatus> {
  const connection = cluster?.connection?.status();
  const servers = cluster === undefined ? [] : await serversOf(cluster);
  const mode = settings?.mode ?? 'standalone';
  const seenAtMs = cluster?.seenAtMs?.();
  const seen = seenAtMs === undefined ? {} : { configurationSeenAtMs: seenAtMs };
  return { mode, settings, connection, servers, engineRisk: engineRisk(servers.map(seatOf)), ...seen };
}

const seatOf = ({ serverName, engineRole, state }: ClusterServerStatus): EngineSeat => ({
  serverName,
  engineRole,
  isUp: state === 'online' || state === 'draining',
});

/** Of the cluster as the controller knows it at this moment. */
export async function presentEngineRisk(cluster: RunningCluster): Promise<string> {
  return engineRisk((await serversOf(cluster)).map(seatOf));
}

async function serversOf(cluster: RunningCluster): Promise<readonly ClusterServerStatus[]> {
  const running = new Map<string, MemberView[]>();
  for (const view of cluster.membership.members()) {
    const name = parseMemberId(view.info.id)?.server ?? view.info.id;
    running.set(name, [...(running.get(name) ?? []), view]);
  }
  const controller = cluster.controllership.controller()?.member;
  const controllerName = controller === undefined ? undefined : parseMemberId(controller)?.server;
  const records = await recordsOf(cluster);
  const names = new Set([...records.keys(), ...running.keys()]);
  return [...names]
    .sort()
    .map((name) => describe(name, records.get(name), running.get(name) ?? [], name === controllerName));
}

/** Empty while the engine does not answer: those that run are known all the same. */
async function recordsOf({ desk, listed = desk.registry }: RunningCluster): Promise<ReadonlyMap<string, ServerRecord>> {
  try {
    return new Map((await listed.list()).map((record) => [record.serverName, record]));
  } catch {
    return new Map();
  }
}

function describe(
  serverName: string,
  record: ServerRecord | undefined,
  views: readonly MemberView[],
  isController: boolean,
): ClusterServerStatus {
  const first = views.find(({ info }) => info.id.endsWith('/0')) ?? views[0];
  const sum = (of: (view: MemberView) => number): number => views.reduce((total, view) => total + of(view), 0);
  return {
    serverName,
    isEligible: record?.isEligible ?? first?.info.isEligible ?? false,
    isController,
    state: stateOf(record, views),
    engineRole: record?.engineRole ?? 'unknown',
    address: record?.address ?? '',
    publicAddress: first?.info.publicAddress ?? '',
    publicPorts: first?.info.publicPorts ?? [],
    version: first?.info.version ?? record?.version ?? '',
    members: views.length,
    sessions: sum(({ load }) => load?.sessions ?? 0),
    mediaCalls: sum(({ load }) => load?.mediaCalls ?? 0),
    points: sum(({ load }) => load?.points ?? 0),
    certificateNotAfterMs: record?.certificateNotAfterMs ?? 0,
    cause:
      views.length === 0
        ? 'it does not run, or cannot be reached'
        : (views.find(({ cause }) => cause !== '')?.cause ?? ''),
  };
}

function stateOf(record: ServerRecord | undefined, views: readonly MemberView[]): ClusterServerStatus['state'] {
  if (views.length === 0) return record?.state === 'joining' ? 'joining' : 'offline';
  if (views.some(({ state }) => state === 'suspect')) return 'suspect';
  return views.some(({ info }) => info.isDraining) ? 'draining' : 'online';
}
