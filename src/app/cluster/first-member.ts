import { Conflict } from '#backplane';
import { HubfarmError, inspectCertificate, type Lifecycle } from '#base';
import {
  certificateLives,
  certificateNames,
  ClusterConnection,
  clusterServices,
  parseMemberId,
  ServerRegistry,
  type ClusterReach,
  type ClusterState,
  type MemberBoot,
  type RunningCluster,
} from '#cluster';
import type { ClusterPlace } from '../member/cluster-place.ts';
import type { MemberParts } from '../member/seat.ts';
import { objectOf, stringOf } from '../parse-record.ts';
import type { ServerOptions } from '../server-options.ts';
import { authorityKey, ControllerChores, endpointsKey } from './controller-chores.ts';
import type { EngineHome } from './engine-home.ts';
import { EngineSeats } from './engine-seats.ts';

export interface FirstMemberOptions {
  readonly place: ClusterPlace;
  readonly parts: MemberParts;
  readonly state: ClusterState;
  readonly engine: EngineHome;
  /** The server is to start again, in the part that the state says. */
  readonly restart: (why: string) => void;
  /** The server has a new certificate. */
  readonly renewed: () => void;
}

const lookEveryMs = 60_000;
const renewTimeoutMs = 10_000;
const serverPrefix = 'cfg/cluster/server/';

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
  const { shared, own } = parts.stores;
  const { settings } = current(state);
  const registry = new ServerRegistry(shared, () => controllership.guard());
  const desk = deskOf(member, registry);

  const chores = new ControllerChores({
    shared,
    controllership,
    files: () => state.current,
    hashedPassword: () => parts.adminPassword.hashed(),
    currentEndpoints: () => engine.currentEndpoints(),
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

  const host = settings.address;
  const seated = (): void => void noteOwnEngine(options, state).catch(() => undefined);
  const seats = new EngineSeats({ bus, controllership, engine, host, clock, logger, seated });
  await lifecycle.start({ name: 'seats of the engine', stop: () => seats.stop() });
  if (!engine.isRunning) seats.ask();

  const unserve = [
    bus.serve(clusterServices.removed, (_, from) => removed(member, from)),
    bus.serve(clusterServices.renew, (body, from) => signAgain(options, member, registry, body, from)),
  ];
  const endpoints = shared.watch(endpointsKey, ({ changes }) => {
    for (const { key, entry } of changes) {
      if (key === endpointsKey && entry !== undefined) void noteEndpoints(options, state, entry.value);
    }
  });
  const ownRecordKey = serverPrefix + settings.serverName;
  const eligibility = shared.watch(ownRecordKey, ({ changes }) => {
    for (const { key, entry } of changes) {
      if (key === ownRecordKey && entry !== undefined && isEligibleIn(entry.value)) void promoted(options, member);
    }
  });
  const renewal = clock.every(lookEveryMs, () => void renewIfDue(options, member));
  await lifecycle.start({
    name: 'what this server hears of itself',
    stop: () => {
      for (const end of unserve) end();
      endpoints.close();
      eligibility.close();
      renewal.cancel();
    },
  });
  const connection = settings.mode === 'member' ? connect(options, member, lifecycle) : undefined;
  return { membership, controllership, bus, desk, connection: await connection };
}

function current(state: ClusterState) {
  if (state.current === undefined) throw new HubfarmError('NOT_IN_CLUSTER', 'this server is in no cluster');
  return state.current;
}

function deskOf({ place, parts, state, engine }: FirstMemberOptions, registry: ServerRegistry): RunningCluster['desk'] {
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

function checkController({ place }: FirstMemberOptions, from: MemberBoot): void {
  const controller = place.election.controller();
  if (controller?.member === from.member && controller.boot === from.boot) return;
  throw new HubfarmError('NOT_CONTROLLER', `${from.member} is not the controller`);
}

async function removed(member: FirstMemberOptions, from: MemberBoot): Promise<void> {
  checkController(member, from);
  await member.state.forget();
  member.restart('this server was removed from its cluster');
}

/** At the controller: a new certificate for a server that has a good one. */
async function signAgain(
  { io }: ServerOptions,
  { place, state }: FirstMemberOptions,
  registry: ServerRegistry,
  body: unknown,
  from: MemberBoot,
): Promise<{ readonly certificatePem: string }> {
  const server = parseMemberId(from.member)?.server ?? '';
  const record = await registry.find(server);
  const { authority } = current(state);
  if (!place.election.isController() || authority === undefined || record?.state !== 'joined') {
    throw new HubfarmError('NOT_CONTROLLER', `no certificate for ${server} from here`);
  }
  const { publicAddress = '' } = place.registry.find(from.member)?.info ?? {};
  const addresses = [record.address, publicAddress].filter((address) => address !== '');
  const requestDer = Buffer.from(stringOf(objectOf(body), 'request'), 'base64');
  const names = certificateNames(server, addresses);
  const validMs = certificateLives.serverMs;
  const certificatePem = await io.authorities.sign({ authority, requestDer, ...names, validMs });
  const certificateNotAfterMs = inspectCertificate(Buffer.from(certificatePem))?.notAfterMs ?? 0;
  await registry.write({ ...record, certificateNotAfterMs });
  return { certificatePem };
}

async function renewIfDue({ io, logger }: ServerOptions, { place, state, renewed }: FirstMemberOptions): Promise<void> {
  const files = state.current;
  const controller = place.election.controller();
  const notAfterMs = inspectCertificate(Buffer.from(files?.identity.certificatePem ?? ''))?.notAfterMs;
  if (files === undefined || notAfterMs === undefined || controller === undefined) return;
  const leftMs = notAfterMs - io.clock.wallMs();
  if (leftMs > certificateLives.serverMs * (1 - certificateLives.renewAt)) return;
  try {
    const { requestDer, privateKeyPem } = await io.authorities.makeRequest(files.settings.serverName);
    const request = requestDer.toString('base64');
    const options = { timeoutMs: renewTimeoutMs };
    const answer = await place.bus.call(controller, clusterServices.renew, { request }, options);
    const certificatePem = stringOf(objectOf(answer), 'certificatePem');
    await state.save({ ...files, identity: { certificatePem, privateKeyPem } });
    renewed();
    logger.info({}, 'this server has a new certificate for its cluster');
  } catch (error) {
    logger.warn({ err: error, leftMs }, "this server's certificate for its cluster could not be renewed, trying again");
  }
}

async function noteEndpoints({ logger }: ServerOptions, state: ClusterState, value: Uint8Array): Promise<void> {
  const files = state.current;
  const listed: unknown = JSON.parse(Buffer.from(value).toString());
  if (files === undefined || !Array.isArray(listed)) return;
  const known = files.settings.engine.endpoints;
  const all = listed.filter((text) => typeof text === 'string');
  // Its own stays the first.
  const endpoints = [...known.filter((text) => all.includes(text)), ...all.filter((text) => !known.includes(text))];
  if (endpoints.length === 0 || endpoints.join() === known.join()) return;
  await state.save({ ...files, settings: { ...files.settings, engine: { ...files.settings.engine, endpoints } } });
  logger.info({ endpoints }, 'the engines of the cluster are others than before: used from the next start on');
}

/** From the next start on its own engine is asked first. */
async function noteOwnEngine({ config }: ServerOptions, state: ClusterState): Promise<void> {
  const files = state.current;
  if (files === undefined) return;
  const { address, engine } = files.settings;
  const own = address.includes(':') ? `[${address}]` : address;
  const text = `${own}:${config.cluster.engineClientPort}`;
  const endpoints = [text, ...engine.endpoints.filter((other) => other !== text)];
  await state.save({ ...files, settings: { ...files.settings, engine: { ...engine, role: 'voter', endpoints } } });
}

function isEligibleIn(value: Uint8Array): boolean {
  return objectOf(JSON.parse(Buffer.from(value).toString()))['isEligible'] === true;
}

/** This server may become the controller from now on. */
async function promoted({ logger }: ServerOptions, { parts, state, restart }: FirstMemberOptions): Promise<void> {
  const files = state.current;
  if (files === undefined || files.settings.isEligible) return;
  try {
    const entry = await parts.stores.shared.get(authorityKey);
    if (entry === undefined) throw new Conflict("the controller has not kept the authority's key yet");
    const key = objectOf(JSON.parse(Buffer.from(entry.value).toString()));
    const authority = {
      certificatePem: stringOf(key, 'certificatePem'),
      privateKeyPem: stringOf(key, 'privateKeyPem'),
    };
    await state.save({ ...files, authority, settings: { ...files.settings, isEligible: true } });
    restart('this server may become the controller of its cluster from now on');
  } catch (error) {
    logger.error({ err: error }, 'this server was promoted, but could not get what a controller needs');
  }
}
