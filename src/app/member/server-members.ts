import type { EmbeddedStore } from '#backplane';
import { Lifecycle } from '#base';
import type { ThreadPort } from '#io';
import { isServerName, memberIdOf, memberName } from '#cluster';
import type { ListenerStatus } from '../listener-set.ts';
import { MemberMetrics } from '../member-metrics.ts';
import { processMetrics } from '../process-metrics.ts';
import type { ServerOptions } from '../server-options.ts';
import { assembleMember, type Member } from './assembly.ts';
import { MemberThread, membersCheck } from './member-threads.ts';
import { Switchboard } from './switchboard.ts';
import { ThreadLinks } from './thread-links.ts';
import type { ThreadClusterSeat } from './thread-messages.ts';
import type { OwnRecords } from './own-records.ts';

/** All members of this server: the first in the calling thread, the others in threads of their own. */
export interface ServerMembers {
  readonly isFirstStart: boolean;
  listeners(): readonly ListenerStatus[];
  stop(): Promise<void>;
}

export async function startMembers(
  options: ServerOptions,
  store: EmbeddedStore,
  own: OwnRecords,
): Promise<ServerMembers> {
  const { config, io, logger, writeRecord, packageVersion } = options;
  const { clock } = io;
  const count = config.server.members ?? Math.max(1, io.machine.cores);
  const cluster = threadCluster(own, clock.wallMs());
  const firstId = memberIdOf(cluster.serverName, 0);
  const switchboard = new Switchboard(io.threads);
  const lifecycle = new Lifecycle();
  const threads: MemberThread[] = [];
  const stop = async (): Promise<void> => {
    // At once: each takes its time to close its sessions in order.
    const [failures] = await Promise.all([lifecycle.stop(), ...threads.map((thread) => thread.stop())]);
    for (const { name, error } of failures) logger.error({ err: error }, `${name} did not stop in order`);
  };
  try {
    const stores = { local: store.backplane, shared: store.backplane, own };
    const named = count === 1 ? options : { ...options, logger: logger.child({ member: memberName(firstId) }) };
    const links = [new ThreadLinks(cluster.serverName, switchboard.linesOf(firstId))];
    const place = { ...cluster, busAddress: '', isEligible: true, isControllerOnly: false, links };
    const first = await assembleMember(named, { index: 0, count }, stores, count === 1 ? undefined : place, lifecycle);
    for (let index = 1; index < count; index++) {
      const input = { seat: { index, count }, cluster, config, packageVersion };
      const invite = (): ThreadPort => store.invite();
      threads.push(new MemberThread({ threads: io.threads, clock, logger, input, switchboard, invite, writeRecord }));
    }
    fillPage(options, first, memberName(firstId), threads);
    await Promise.all(threads.map((thread) => thread.settled));
    if (threads.length > 0) first.health.addCheck(membersCheck(threads));
    first.health.started();
    return {
      isFirstStart: first.isFirstStart,
      listeners: () => [...first.listeners(), ...threads.flatMap((thread) => thread.listeners())],
      stop: async () => {
        first.health.stopping('the server is stopping');
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The page of metrics: of the process, and of each member. */
function fillPage(
  { io, packageVersion }: ServerOptions,
  first: Member,
  name: string,
  threads: readonly MemberThread[],
): void {
  const { page } = first;
  page.addAll(processMetrics(io.clock, { version: packageVersion }));
  if (threads.length === 0) {
    page.addAll(first.metrics);
    return;
  }
  const members = new MemberMetrics(name, first.metrics, async () => {
    const measured = await Promise.all(threads.map(async (thread) => [thread.name, await thread.measure()] as const));
    return new Map(measured.flatMap(([member, samples]) => (samples === undefined ? [] : [[member, samples]])));
  });
  page.beforeScrape(() => members.fetch());
  page.addAll(members.metrics);
}

/** The members of one process, which are in no other cluster. */
function threadCluster({ serverId, hostName }: OwnRecords, nowMs: number): ThreadClusterSeat {
  return {
    clusterId: serverId,
    serverName: serverNameOf(hostName),
    publicAddress: '',
    publicPorts: undefined,
    weight: 100,
    joinedAtMs: nowMs,
  };
}

/** The host name as the name of a server in its cluster, whatever characters it has. */
export function serverNameOf(hostName: string): string {
  const name = hostName
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63);
  return isServerName(name) ? name : 'hubfarm';
}
