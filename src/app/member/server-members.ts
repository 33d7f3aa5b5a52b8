import type { EmbeddedStore } from '#backplane';
import { Lifecycle } from '#base';
import { memberIdOf, memberName } from '#cluster';
import type { ThreadPort } from '#io';
import type { ClusterPart, RemoteCluster } from '../cluster/cluster-part.ts';
import { openAdminPassword } from '../cluster/cluster-password.ts';
import { membersCheck } from '../health-checks.ts';
import type { SipListenerStatus } from '#sip';
import type { ListenerStatus } from '../listener-set.ts';
import { MemberMetrics } from '../member-metrics.ts';
import { processMetrics } from '../process-metrics.ts';
import type { ServerOptions } from '../server-options.ts';
import { assembleMember, type Member } from './assembly.ts';
import { MemberThread } from './member-thread.ts';
import type { OwnRecords } from './own-records.ts';
import type { MemberParts, ModeControl } from './seat.ts';
import { Switchboard } from './switchboard.ts';
import { takeSeat } from './take-seat.ts';

/** All members of this server: the first in the calling thread, the others in threads of their own. */
export interface ServerMembers {
  readonly first: Member;
  readonly parts: MemberParts;
  listeners(): readonly ListenerStatus[];
  sipListeners(): readonly SipListenerStatus[];
  /** The server has a new certificate, or the cluster other engines. */
  renew(remote: RemoteCluster): void;
  stop(): Promise<void>;
}

export interface ServerMembersOptions {
  readonly store: EmbeddedStore;
  readonly own: OwnRecords;
  readonly part: ClusterPart;
  /** Not asked for by a server that stands alone. */
  readonly remote: () => RemoteCluster;
  readonly control: ModeControl;
}

export async function startMembers(options: ServerOptions, server: ServerMembersOptions): Promise<ServerMembers> {
  const { config, io, logger } = options;
  const { store, own, part, remote, control } = server;
  const count = config.server.members ?? Math.max(1, io.machine.cores);
  const isAlone = count === 1 && part.remote === undefined;
  const firstId = memberIdOf(part.serverName, 0);
  const switchboard = new Switchboard(io.threads);
  const lifecycle = new Lifecycle();
  const threads: MemberThread[] = [];
  const stop = async (): Promise<void> => {
    // At once: each takes its time to close its sessions in order.
    const [failures] = await Promise.all([lifecycle.stop(), ...threads.map((thread) => thread.stop())]);
    for (const { name, error } of failures) logger.error({ err: error }, `${name} did not stop in order`);
  };
  try {
    const named = isAlone ? options : { ...options, logger: logger.child({ self: memberName(firstId) }) };
    const seat = { index: 0, count };
    const lines = switchboard.linesOf(firstId);
    const local = store.backplane;
    const seated = await takeSeat(named, { seat, part, local, own, lines, remote }, lifecycle);
    const adminPassword = await openAdminPassword(part, seated.stores, named.logger, lifecycle);
    const parts: MemberParts = { seat, ...seated, adminPassword, control, readsAll: part.isEligible };
    const first = await assembleMember(named, parts, lifecycle);
    threads.push(...startThreads(options, server, count, switchboard));
    fillPage(options, first, isAlone ? undefined : memberName(firstId), threads);
    await Promise.all(threads.map((thread) => thread.settled));
    if (threads.length > 0) first.health.addCheck(membersCheck(threads));
    first.health.started();
    return {
      first,
      parts,
      listeners: () => [...first.listeners(), ...threads.flatMap((thread) => thread.listeners())],
      sipListeners: () => [...first.sipListeners(), ...threads.flatMap((thread) => thread.sipListeners())],
      renew: (renewed) => {
        for (const thread of threads) thread.renew(renewed);
      },
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

function startThreads(
  { config, io, logger, writeRecord, packageVersion }: ServerOptions,
  { store, part }: ServerMembersOptions,
  count: number,
  switchboard: Switchboard,
): MemberThread[] {
  const { threads, clock } = io;
  const invite = (): ThreadPort => store.invite();
  return Array.from({ length: count - 1 }, (_, at) => {
    const input = { seat: { index: at + 1, count }, part, config, packageVersion };
    return new MemberThread({ threads, clock, logger, input, switchboard, invite, writeRecord });
  });
}

/** The page of metrics: of the process, and of each member. `name` undefined = there is only one, and no cluster. */
function fillPage(
  { io, packageVersion }: ServerOptions,
  first: Member,
  name: string | undefined,
  threads: readonly MemberThread[],
): void {
  const { page } = first;
  page.addAll(processMetrics(io.clock, { version: packageVersion }));
  if (name === undefined) {
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
