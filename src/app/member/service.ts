import type { Lifecycle } from '#base';
import { serveDrain } from '#cluster';
import type { ClusterSessions, SoftEtherServer } from '#softether';
import type { ListenerStatus } from '../listener-set.ts';
import type { ServerOptions } from '../server-options.ts';
import type { ClusterPlace } from './cluster-place.ts';
import { MemberReports } from './member-reports.ts';
import type { ClusterSeat, MemberParts, Seat } from './seat.ts';

export interface ServiceParts {
  readonly place: ClusterPlace;
  readonly sessions: ClusterSessions;
  readonly softether: Pick<SoftEtherServer, 'tcpConnectionCount'>;
  readonly listeners: () => readonly ListenerStatus[];
  readonly mediaCalls: () => number;
}

/** From now on the member says what it has and where clients reach it, and takes orders: sessions may be placed here. */
export async function enterService(
  { io, logger }: ServerOptions,
  { seat, stores, cluster: clusterSeat }: Pick<MemberParts, 'seat' | 'stores' | 'cluster'>,
  { place, sessions, softether, listeners, mediaCalls }: ServiceParts,
  lifecycle: Lifecycle,
): Promise<void> {
  const { clock } = io;
  const { local, shared, own } = stores;
  const { identity } = own;
  const reports = new MemberReports({
    membership: place.registry,
    clock,
    logger,
    counts: () => ({ ...sessions.load(), connections: softether.tcpConnectionCount, mediaCalls: mediaCalls() }),
    reachability: () => ({
      publicPorts: publicPortsOf(clusterSeat, seat, listeners()),
      certificate: identity.certificateDer().toString('base64'),
    }),
  });
  // The first member of a server in a cluster has that among its duties.
  if (seat.index > 0 || local === shared) {
    const unserve = serveDrain({ bus: place.bus, membership: place.registry, controllership: place.election });
    await lifecycle.start({ name: 'orders to drain', stop: unserve });
  }
  await lifecycle.start({ name: 'reports', start: () => reports.start(), stop: () => reports.stop() });
}

/** Those that were named for the first member, each a number further for the next; else where it listens. */
function publicPortsOf(
  clusterSeat: ClusterSeat | undefined,
  { index }: Seat,
  listeners: readonly ListenerStatus[],
): readonly number[] {
  const named = clusterSeat?.publicPorts?.map((port) => port + index);
  return named ?? listeners.filter(({ isListening }) => isListening).map(({ port }) => port);
}
