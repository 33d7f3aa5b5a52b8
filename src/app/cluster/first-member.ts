import { join } from 'node:path';
import { HubfarmError, type Lifecycle } from '#base';
import {
  ClusterConnection,
  ClusterDuties,
  parseMemberId,
  serverPrefix,
  ServerRegistry,
  type ClusterReach,
  type ClusterState,
  type LicenceDesk,
  type RunningCluster,
} from '#cluster';
import type { ClusterPlace } from '../member/cluster-place.ts';
import type { MemberParts } from '../member/seat.ts';
import type { ServerOptions } from '../server-options.ts';
import { ControllerChores, endpointsKey } from './controller-chores.ts';
import { ControllerHook } from './controller-hook.ts';
import { EngineChores } from './engine-chores.ts';
import type { EngineHome } from './engine-home.ts';
import { EngineSeats } from './engine-seats.ts';

export interface FirstMemberOptions {
  readonly place: ClusterPlace;
  readonly licences: LicenceDesk;
  readonly parts: MemberParts;
  readonly state: ClusterState;
  readonly engine: EngineHome;
  /** The controller has taken this server out. */
  readonly removed: () => void;
  /** This server may be the controller from now on. */
  readonly promoted: () => void;
}

/** What the first member of a server does for the whole server in its cluster, and, as the controller, for all. */
export async function openFirstMember(
  options: ServerOptions,
  member: FirstMemberOptions,
  lifecycle: Lifecycle,
): Promise<RunningCluster> {
  const { io, logger, packageVersion } = options;
  const { clock } = io;
  const { place, parts, state, engine } = member;
  const { bus, registry: membership, election: controllership } = place;
  const { shared, patient, own } = parts.stores;
  const { settings } = current(state);
  const registry = new ServerRegistry(patient, () => controllership.guard());
  const desk = deskOf(member, registry);

  const chores = new ControllerChores({
    shared,
    controllership,
    files: () => state.current,
    hashedPassword: () => parts.adminPassword.hashed(),
    currentEndpoints: () => engine.all.endpoints(),
    engineRoles: () => engine.all.roles(),
    ownRecord: () => ({
      serverName: settings.serverName,
      state: 'joined',
      hostName: own.hostName,
      address: settings.address,
      version: packageVersion,
      isEligible: true,
      engineRole: settings.engine.role,
    }),
    clock,
    logger,
  });
  await lifecycle.start({ name: "the controller's chores", stop: () => chores.stop() });
  const engineChores = new EngineChores({
    administer: (act) => engine.all.administer(act),
    shared: patient,
    controllership,
    directory: join(options.config.server.dataDirectory, 'backups'),
    backupsKept: options.config.cluster.backupsKept,
    files: io.files,
    clock,
    logger,
  });
  await lifecycle.start({ name: "the engine's upkeep", stop: () => engineChores.stop() });
  const program = options.config.cluster.controllerHook;
  if (program !== '') {
    const hook = new ControllerHook({ program, controllership, commands: io.commands, logger });
    await lifecycle.start({ name: 'the hook of the controller', stop: () => hook.stop() });
  }

  const host = settings.address;
  const seated = (): void => void noteOwnEngine(options, state).catch(() => undefined);
  const seats = new EngineSeats({
    bus,
    controllership,
    engine,
    host,
    clock,
    logger,
    seated,
    changed: () => chores.look(),
  });
  await lifecycle.start({ name: 'seats of the engine', stop: () => seats.stop() });
  if (!engine.isRunning) seats.ask();

  const duties = new ClusterDuties({
    state,
    bus,
    membership,
    controllership,
    shared,
    authorities: io.authorities,
    clock,
    logger,
    removed: member.removed,
    promoted: member.promoted,
  });
  await lifecycle.start({ name: 'duties in the cluster', stop: () => duties.stop() });
  const endpoints = shared.watch(endpointsKey, ({ changes }) => {
    for (const { key, entry } of changes) {
      if (key === endpointsKey && entry !== undefined) void noteEndpoints(options, state, entry.value);
    }
    // Where one has gone there is a place.
    if (!engine.isRunning) seats.ask();
  });
  await lifecycle.start({ name: 'addresses of the engines', stop: () => endpoints.close() });
  const servers = shared.watch(serverPrefix, () => chores.look());
  await lifecycle.start({ name: 'list of servers', stop: () => servers.close() });
  const connection = settings.mode === 'member' ? connect(options, member, lifecycle) : undefined;
  const { seen } = parts.stores;
  const seenAtMs = (): number | undefined => seen?.seenAtMs();
  // A list that is shown is shown without what a slow engine has not said.
  const listed = new ServerRegistry(shared, () => undefined);
  return { membership, controllership, bus, desk, listed, connection: await connection, seenAtMs };
}

function current(state: ClusterState) {
  if (state.current === undefined) throw new HubfarmError('NOT_IN_CLUSTER', 'this server is in no cluster');
  return state.current;
}

function deskOf(
  { place, licences, parts, state, engine }: FirstMemberOptions,
  registry: ServerRegistry,
): RunningCluster['desk'] {
  return {
    clusterId: current(state).settings.clusterId,
    hashedPassword: () => parts.adminPassword.hashed(),
    authority: () => {
      const { authority } = current(state);
      if (authority === undefined) throw new HubfarmError('NOT_ELIGIBLE', "this server has not the authority's key");
      return authority;
    },
    authorityPem: () => current(state).authorityPem,
    registry,
    engine,
    licences,
    liveServers: () =>
      place.registry.members().flatMap(({ info }) => {
        const { server, index } = parseMemberId(info.id) ?? { server: '', index: -1 };
        return index === 0 ? [{ serverName: server, address: hostOf(info.busAddress) }] : [];
      }),
  };
}

const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

async function connect(
  { io }: ServerOptions,
  { place, parts, state }: FirstMemberOptions,
  lifecycle: Lifecycle,
): Promise<ClusterConnection> {
  const { shared } = parts.stores;
  const { bus, election } = place;
  const reach = (): ClusterReach => {
    if (shared.state() !== 'ok')
      return { isOnline: false, cause: 'the engine does not answer', causeKind: 'unreachable' };
    const controller = election.controller();
    if (controller === undefined)
      return { isOnline: false, cause: 'there is no controller', causeKind: 'notController' };
    const isHeard = election.isController() || bus.links().some(({ to }) => to.member === controller.member);
    if (isHeard) return { isOnline: true, cause: '' };
    return { isOnline: false, cause: `the bus does not reach ${controller.member}`, causeKind: 'unreachable' };
  };
  const { host: address, port } = current(state).settings.controller;
  const connection = new ClusterConnection({ clock: io.clock, controller: { address, port }, reach });
  const ends = [
    shared.onState(() => connection.look()),
    election.onChange(() => connection.look()),
    bus.onLink(() => connection.look()),
  ];
  await lifecycle.start({
    name: 'connection to the cluster',
    stop: () => {
      for (const end of ends) end();
      connection.stop();
    },
  });
  return connection;
}

async function noteEndpoints({ logger }: ServerOptions, state: ClusterState, value: Uint8Array): Promise<void> {
  const listed: unknown = JSON.parse(Buffer.from(value).toString());
  if (state.current === undefined || !Array.isArray(listed)) return;
  const all = listed.filter((text) => typeof text === 'string');
  // Its own stays the first.
  const merged = (known: readonly string[]): readonly string[] => [
    ...known.filter((text) => all.includes(text)),
    ...all.filter((text) => !known.includes(text)),
  ];
  const known = state.current.settings.engine.endpoints;
  const endpoints = merged(known);
  if (endpoints.length === 0 || endpoints.join() === known.join()) return;
  const isNoted = await state.change(({ settings, ...files }) => {
    const { engine } = settings;
    return { ...files, settings: { ...settings, engine: { ...engine, endpoints: merged(engine.endpoints) } } };
  });
  if (!isNoted) return;
  logger.info({ endpoints }, 'the engines of the cluster are others than before');
}

/** Whatever comes next asks its own engine first. */
async function noteOwnEngine({ config }: ServerOptions, state: ClusterState): Promise<void> {
  await state.change(({ settings, ...files }) => {
    const { address, engine } = settings;
    const own = address.includes(':') ? `[${address}]` : address;
    const text = `${own}:${config.cluster.engineClientPort}`;
    const endpoints = [text, ...engine.endpoints.filter((other) => other !== text)];
    return { ...files, settings: { ...settings, engine: { ...engine, role: 'voter', endpoints } } };
  });
}
