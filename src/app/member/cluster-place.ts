import type { Lifecycle } from '#base';
import {
  Claims,
  ClusterPlacement,
  ControllerElection,
  EngineWitness,
  MemberBus,
  memberIdOf,
  memberLeaseTtlMs,
  MemberRegistry,
  ObjectDirectory,
  PlacedObjects,
  type LinkMaker,
  type MemberBoot,
  type MemberInfo,
} from '#cluster';
import type { ServerOptions } from '../server-options.ts';
import type { Seat, Stores } from './seat.ts';

/** What a member needs to know of its cluster before it can take its place there. */
export interface ClusterSeat {
  /** Members of another cluster are not spoken with. */
  readonly clusterId: string;
  readonly serverName: string;
  /** `host:port`; empty: only threads of this process reach it. */
  readonly busAddress: string;
  /** IPv4 text that clients are redirected to; empty: where they have reached this server. */
  readonly publicAddress: string;
  /** undefined = the ports of its listeners. */
  readonly publicPorts: readonly number[] | undefined;
  readonly weight: number;
  readonly isEligible: boolean;
  readonly isControllerOnly: boolean;
  /** Unix milliseconds. */
  readonly joinedAtMs: number;
  /** Ways to the other members, best first. */
  readonly links: readonly LinkMaker[];
}

/** This member among the others: who is there, who leads, where dynamic hubs live, and messages between members. */
export interface ClusterPlace {
  readonly bus: MemberBus;
  readonly registry: MemberRegistry;
  readonly election: ControllerElection;
  readonly claims: Claims;
  readonly objectDirectory: ObjectDirectory;
  readonly objects: PlacedObjects;
  readonly placement: ClusterPlacement;
}

/** Where dynamic hubs live. */
const hubInstances = 'hubinst/';
const bootBytes = 8;
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
  const registry = new MemberRegistry({ backplane: shared, clock, logger, self });
  const { clusterId: cluster, links: makers } = seat;
  const bus = new MemberBus({ self: boot, cluster, clock, random, logger, peers: registry, makers });
  await lifecycle.start({ name: 'bus', start: () => bus.start(), stop: () => bus.stop() });
  registry.followLinks(bus);
  await lifecycle.start({ name: 'membership', start: () => registry.start(), stop: () => registry.stop() });

  const election = await ControllerElection.open({ backplane: shared, clock, logger, membership: registry });
  await lifecycle.start({ name: 'candidature', stop: () => election.stop() });
  const objectDirectory = await ObjectDirectory.open(shared, hubInstances);
  await lifecycle.start({ name: 'places of hubs', stop: () => objectDirectory.close() });
  const witness = new EngineWitness({
    backplane: shared,
    bus,
    clock,
    leaseTtlMs: memberLeaseTtlMs,
    members: () => registry.members(),
    visibleUntilMs: () => registry.visibleUntilMs(),
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
  return { bus, registry, election, claims, objectDirectory, objects, placement };
}
