import { LicenceDirectory } from '#admin';
import type { Lifecycle } from '#base';
import { ClusterSessions, defaultClusterSessionLimits, SessionJournal } from '#softether';
import type { ServerOptions } from '../server-options.ts';
import type { ClusterPlace } from './cluster-place.ts';
import type { Hubs } from './hubs.ts';
import type { MemberParts, Seat, Stores } from './seat.ts';

/** What sessions need beside hubs. */
export interface SessionParts {
  /** Sessions that a restart does not end. */
  readonly journal: SessionJournal;
  readonly licences: LicenceDirectory;
  /** undefined = the only member of a server that stands alone. */
  readonly sessions: ClusterSessions | undefined;
}

export async function openSessions(
  options: ServerOptions,
  { seat, stores, cluster: clusterSeat }: Pick<MemberParts, 'seat' | 'stores' | 'cluster'>,
  place: ClusterPlace | undefined,
  hubs: Hubs,
  lifecycle: Lifecycle,
): Promise<SessionParts> {
  const { io, logger } = options;
  const { clock } = io;
  const { local, own } = stores;
  const journal = await SessionJournal.open({ backplane: local, prefix: journalPrefix(stores, seat), clock, logger });
  await lifecycle.start({ name: 'session journal', stop: () => journal.stop() });
  const licences = await LicenceDirectory.open({
    backplane: stores.patient,
    clock,
    logger,
    issuer: issuerOf(options.config.cluster.licenceIssuer),
    server: clusterSeat?.serverName ?? own.hostName,
    ...(local === stores.shared ? {} : { leadership: () => place?.election.guard() }),
  });
  await lifecycle.start({ name: 'licences', stop: () => licences.close() });
  const sessions =
    place &&
    new ClusterSessions({
      ...clusterSessionParts(options, place, hubs, stores),
      journal,
      licences: () => licences.limits(),
    });
  await lifecycle.start({ name: 'sessions in the cluster', stop: () => sessions?.stop() });
  return { journal, licences, sessions };
}

/** Where nobody sells licences, the built-in one has no limits. */
const issuerOf = (key: string): Buffer | undefined => (key === '' ? undefined : Buffer.from(key, 'base64'));

function clusterSessionParts(
  { io, logger, config }: ServerOptions,
  place: ClusterPlace,
  hubs: Hubs,
  { shared }: Stores,
) {
  const { bus, registry, election, placement, objects, objectDirectory, claims } = place;
  return {
    bus,
    membership: registry,
    controllership: election,
    placement,
    objects,
    objectDirectory,
    claims,
    engine: shared,
    directory: hubs.directory,
    host: hubs.host,
    acceptsLogins: () => registry.self.isEligible && config.cluster.acceptLogins,
    clock: io.clock,
    random: io.random,
    logger,
    limits: { ...defaultClusterSessionLimits, drainSessionsPerSecond: config.cluster.drainSessionsPerSecond },
  };
}

/** Only the member that kept a session takes it up again: its clients come back to the same port. */
function journalPrefix({ own }: Stores, { index }: Seat): string {
  return index === 0 ? `run/session/${own.serverId}/` : `run/session/${own.serverId}.${index}/`;
}
