import type { Lifecycle, Logger } from '#base';
import {
  Claims,
  ClusterPlacement,
  ControllerElection,
  EngineWitness,
  KnownServers,
  MemberBus,
  memberIdOf,
  memberLeaseTtlMs,
  MemberRegistry,
  ObjectDirectory,
  PlacedObjects,
  ReachabilityProber,
  type MemberBoot,
  type MemberId,
  type MemberInfo,
} from '#cluster';
import type { Clock } from '#io';
import type { ServerOptions } from '../server-options.ts';
import { atMost, engineFarewellMs } from './at-most.ts';
import type { ClusterSeat, Seat, Stores } from './seat.ts';

/** This member among the others: who is there, who leads, where dynamic hubs live, and messages between members. */
export interface ClusterPlace {
  readonly bus: MemberBus;
  readonly registry: MemberRegistry;
  readonly election: ControllerElection;
  readonly claims: Claims;
  readonly objectDirectory: ObjectDirectory;
  readonly objects: PlacedObjects;
  readonly placement: ClusterPlacement;
  /** Its server belongs to the cluster, whether or not it is up. */
  readonly isKnown: (id: MemberId) => boolean;
}

/** Where dynamic hubs live. */
const hubInstances = 'hubinst/';
const bootBytes = 8;
const patienceMs = 3_000;
/** The engine is known to be away. */
const lostPatienceMs = 100;
/** C5's M of the largest edition. */
const capacityMax = 100_000;

/** Resolves when this member sees the others and they see it. */
export async function openClusterPlace(
  options: ServerOptions,
  { index }: Seat,
  { shared, own }: Stores,
  seat: ClusterSeat,
  lifecycle: Lifecycle,
): Promise<ClusterPlace> {
  const { io, logger, config, packageVersion } = options;
  const { clock, random } = io;
  const id = memberIdOf(seat.serverName, index);
  const boot: MemberBoot = { member: id, boot: random.bytes(bootBytes).toString('hex') };
  const self: MemberInfo = {
    ...boot,
    id,
    version: packageVersion,
    hostName: own.hostName,
    startedAtMs: clock.wallMs(),
    joinedAtMs: seat.joinedAtMs,
    busAddress: seat.busAddress,
    publicAddress: seat.publicAddress,
    // Announced when the listeners are open: until then nothing is placed here.
    publicPorts: [],
    certificate: own.identity.certificateDer().toString('base64'),
    weight: seat.weight,
    isEligible: seat.isEligible,
    isControllerOnly: seat.isControllerOnly,
    isDraining: false,
    capacity: Math.min(config.softether.maxSessions, capacityMax),
  };
  const { network } = io;
  const registry = new MemberRegistry({ backplane: shared, clock, logger, self, network });
  const { clusterId: cluster, links: makers } = seat;
  const servers = new KnownServers(shared, clock);
  await lifecycle.start({ name: 'list of servers', stop: () => servers.close() });
  const members = servers.following(registry);
  const admit = servers.refusal;
  const bus = new MemberBus({ self: boot, cluster, clock, random, logger, members, makers, admit });
  await lifecycle.start({ name: 'bus', start: () => bus.start(), stop: () => bus.stop() });
  registry.followLinks(bus);
  await lifecycle.start({
    name: 'membership',
    start: () => soon(registry.start(), shared.state() === 'ok' ? patienceMs : lostPatienceMs, clock, logger),
    stop: () => atMost(clock, engineFarewellMs, registry.stop()),
  });

  const election = await ControllerElection.open({ backplane: shared, clock, logger, membership: registry });
  await lifecycle.start({ name: 'candidature', stop: () => atMost(clock, engineFarewellMs, election.stop()) });
  const objectDirectory = await ObjectDirectory.open(shared, hubInstances);
  await lifecycle.start({ name: 'places of hubs', stop: () => objectDirectory.close() });
  const witness = new EngineWitness({
    backplane: shared,
    bus,
    clock,
    leaseTtlMs: memberLeaseTtlMs,
    members: () => registry.members(),
    everybody: () => registry.everybody(),
    endedAtMs: (ofBoot) => registry.endedAtMs(ofBoot),
    visibleUntilMs: () => registry.visibleUntilMs(),
    deadlineMs: () => registry.deadlineMs(),
    quarantineLeftMs: () => registry.quarantineLeftMs(),
    canOthersLead: () => servers.canOthersLead(seat.serverName),
  });
  await lifecycle.start({ name: 'witness of the engine', stop: () => witness.stop() });
  const claims = new Claims({ backplane: shared, directory: objectDirectory, self: boot, registry, witness, clock });
  await lifecycle.start({ name: 'claims', stop: () => claims.stop() });

  const placement = new ClusterPlacement({ membership: registry, controllership: election, clock });
  await lifecycle.start({ name: 'placement', stop: () => placement.stop() });
  const objects = new PlacedObjects({
    backplane: shared,
    directory: objectDirectory,
    controllership: election,
    liveness: registry,
    placement,
    clock,
    logger,
  });
  await lifecycle.start({ name: 'placed hubs', stop: () => objects.stop() });
  const prober = new ReachabilityProber({ network, bus, membership: registry, clock, random, logger });
  await lifecycle.start({ name: 'reachability', stop: () => prober.stop() });
  const isKnown = (member: MemberId): boolean => servers.refusal({ member, boot: '' }) === undefined;
  return { bus, registry, election, claims, objectDirectory, objects, placement, isKnown };
}

/** While the engine is away a member starts without its place, and takes it when the engine is there. */
async function soon(attached: Promise<void>, waitMs: number, clock: Clock, logger: Logger): Promise<void> {
  const timedOut = Promise.withResolvers<undefined>();
  const timer = clock.after(waitMs, () => {
    logger.warn({}, 'the engine of the cluster does not answer: this member takes its place when it does');
    timedOut.resolve(undefined);
  });
  // Stopped before it had its place: nothing to do any more.
  await Promise.race([attached.catch(() => undefined), timedOut.promise]);
  timer.cancel();
}
