import { PatientStore, type Backplane } from '#backplane';
import type { Lifecycle } from '#base';
import { ThreadLinks, TlsLinks, type LinkMaker, type ThreadLines } from '#cluster';
import type { ClusterPart, RemoteCluster } from '../cluster/cluster-part.ts';
import { endpointText } from '../cluster/endpoints.ts';
import { SeenConfiguration } from '../cluster/seen-configuration.ts';
import { openSharedStore } from '../cluster/shared-store.ts';
import { defaultBusPort } from '../config/cluster-section.ts';
import type { ServerOptions } from '../server-options.ts';
import type { OwnRecords } from './own-records.ts';
import type { ClusterSeat, Seat, Stores } from './seat.ts';

export interface SeatOptions {
  readonly seat: Seat;
  readonly part: ClusterPart;
  readonly local: Backplane;
  readonly own: OwnRecords;
  /** To the other threads of this process. */
  readonly lines: ThreadLines;
  /** What is known at this moment; read at each connection. */
  readonly remote: () => RemoteCluster;
}

/** The stores of a member, and its ways to the others. */
export async function takeSeat(
  options: ServerOptions,
  { seat, part, local, own, lines, remote }: SeatOptions,
  lifecycle: Lifecycle,
): Promise<{ readonly stores: Stores; readonly cluster: ClusterSeat | undefined }> {
  const { io, logger, config } = options;
  const isAlone = part.remote === undefined;
  if (isAlone && seat.index === 0) await SeenConfiguration.forget(local);
  if (isAlone && seat.count === 1) return { stores: { local, shared: local, patient: local, own }, cluster: undefined };
  const links: LinkMaker[] = [new ThreadLinks(part.serverName, lines)];
  let shared = local;
  let seen: SeenConfiguration | undefined;
  let busAddress = '';
  if (!isAlone) {
    const [at = { host: undefined, port: defaultBusPort }] = config.cluster.bus ?? [];
    const port = at.port + seat.index;
    const store = { remote, clusterId: part.clusterId, local, isKeeper: seat.index === 0, io, logger };
    ({ shared, seen } = await openSharedStore(store, lifecycle));
    const identity = () => remote().identity;
    links.push(new TlsLinks({ network: io.mutualTls, listen: { host: at.host ?? '::', port }, identity, logger }));
    busAddress = endpointText({ host: part.address, port });
  }
  const { clusterId, serverName, publicAddress, publicPorts, weight, isControllerOnly, joinedAtMs } = part;
  const cluster: ClusterSeat = {
    clusterId,
    serverName,
    busAddress,
    publicAddress,
    publicPorts,
    weight,
    // Only the first one administers.
    isEligible: part.isEligible && seat.index === 0,
    isControllerOnly,
    joinedAtMs,
    links,
  };
  const patient = isAlone ? shared : new PatientStore(shared, io.clock);
  return { stores: { local, shared, patient, own, ...(seen === undefined ? {} : { seen }) }, cluster };
}
