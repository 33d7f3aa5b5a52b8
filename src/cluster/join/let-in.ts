import { inspectCertificate, reasonOf } from '#base';
import { isServerName } from '../member-id.ts';
import { certificateNames } from './certificate-names.ts';
import type { EngineSettings } from './cluster-settings.ts';
import { joinLimits } from './codec/join-limits.ts';
import type { AdmissionRequest } from './codec/member-message.ts';
import { isOldKey } from './is-old-key.ts';
import type { DeskCluster, JoinDeskDeps, Visit } from './join-visit.ts';
import { certificateLives, joinTimes } from './join-times.ts';
import { choosePublicAddress, reachPublicPorts } from './public-address.ts';
import { refusals, steps, TakenName } from './refusal.ts';
import { ServerRegistry, type ServerRecord } from './server-registry.ts';

/** Servers that may be called alike before the next one must choose a name. */
const maxNumber = 1_000;

/**
 * From the request of a newcomer that has proven the password to a server that belongs to the cluster. Whatever fails
 * on the way, and whoever goes silent, what was done is taken back.
 */
export async function letIn(deps: JoinDeskDeps, cluster: DeskCluster, visit: Visit): Promise<void> {
  const { channel, namesInHand } = visit;
  const asked = await channel.next(joinTimes.requestMs);
  if (asked.kind !== 'request') throw refusals.outOfTurn(asked.kind);
  checkClock(deps, asked);
  if (asked.currentClusterId !== '' && asked.currentClusterId !== cluster.clusterId) {
    throw refusals.otherCluster(asked.currentClusterId, cluster.clusterId);
  }
  const serverName = await chooseName(deps, cluster, visit, asked);
  try {
    await letInAs(deps, cluster, visit, { ...asked, serverName });
  } finally {
    namesInHand.delete(serverName.toLowerCase());
  }
}

async function letInAs(
  deps: JoinDeskDeps,
  cluster: DeskCluster,
  visit: Visit,
  request: AdmissionRequest,
): Promise<void> {
  const { stream } = visit;
  const problem = cluster.licences?.problem(request.serverName, request.licences);
  if (problem !== undefined) throw refusals.licence(problem);
  const publicAddress = choosePublicAddress(request.publicAddress, stream.remote.address);
  if (!request.isUncheckedAddress) {
    tell(visit, 'address', `reach ${publicAddress}, port ${request.publicPorts.join(', ')}, from the controller`);
    const problems = await reachPublicPorts(deps.network, publicAddress, request);
    if (problems.length > 0) throw refusals.unreachable(publicAddress, problems);
  }
  await admit(deps, cluster, visit, request, publicAddress);
}

function checkClock({ clock }: JoinDeskDeps, request: AdmissionRequest): void {
  const aheadMs = request.clockMs - clock.wallMs();
  if (Math.abs(aheadMs) > joinTimes.maxClockSkewMs) throw refusals.clocks(aheadMs);
}

/** The name that was asked for, if it is free or its own; one with a number, if it was not somebody's choice. */
async function chooseName(
  deps: JoinDeskDeps,
  cluster: DeskCluster,
  visit: Visit,
  request: AdmissionRequest,
): Promise<string> {
  for (let number = 1; ; number++) {
    const serverName = number === 1 ? request.serverName : numbered(request.serverName, number);
    try {
      await checkName(deps, cluster, visit, { ...request, serverName });
      takeInHand(visit, serverName);
      return serverName;
    } catch (error) {
      const isTaken = error instanceof TakenName;
      if (request.isNameChosen || !isTaken || number === maxNumber) throw error;
    }
  }
}

function takeInHand({ namesInHand }: Visit, serverName: string): void {
  if (namesInHand.has(serverName.toLowerCase())) throw refusals.joiningName(serverName);
  namesInHand.add(serverName.toLowerCase());
}

/** `vpn` → `vpn-2`, cut to what a name may have. */
function numbered(name: string, number: number): string {
  const tail = `-${number}`;
  return name.slice(0, joinLimits.maxNameCharacters - tail.length) + tail;
}

async function checkName(
  { clock }: JoinDeskDeps,
  cluster: DeskCluster,
  visit: Visit,
  request: AdmissionRequest,
): Promise<void> {
  const { serverName } = request;
  if (!isServerName(serverName)) throw refusals.badName(serverName);
  const isItself =
    request.oldKey !== undefined &&
    isOldKey('rejoin', serverName, request.oldKey, cluster.authorityPem(), visit.session);
  const live = cluster.liveServers().find((server) => isSameName(server.serverName, serverName));
  if (live !== undefined && !(isItself && live.address === visit.stream.remote.address)) {
    throw refusals.liveName(live.serverName, live.address);
  }
  const known = (await cluster.registry.list()).find((record) => isSameName(record.serverName, serverName));
  if (known === undefined || isItself) return;
  if (known.state === 'joined') {
    throw refusals.knownName(known.serverName, new Date(known.sinceMs).toISOString());
  }
  if (ServerRegistry.isBeingLetIn(known, clock.wallMs())) throw refusals.joiningName(known.serverName);
}

/** Host names have no case, and people take them for the same. */
const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

async function admit(
  deps: JoinDeskDeps,
  cluster: DeskCluster,
  visit: Visit,
  request: AdmissionRequest,
  publicAddress: string,
): Promise<void> {
  const { channel, stream } = visit;
  const { address } = stream.remote;
  const { serverName } = request;
  const certificatePem = await signFor(deps, cluster, request, [address, publicAddress]);
  const record: ServerRecord = {
    serverName,
    state: 'joining',
    sinceMs: deps.clock.wallMs(),
    hostName: request.hostName,
    address,
    version: visit.hello.version,
    isEligible: false,
    engineRole: 'client',
    certificateNotAfterMs: inspectCertificate(Buffer.from(certificatePem))?.notAfterMs ?? 0,
  };
  const before = await noted(() => cluster.registry.write({ ...record, isEligible: false }));
  const isEligible = before?.isEligible ?? false;
  try {
    tell(visit, 'engine', steps.engine);
    const engine = await admitToEngine(cluster, request, address, isEligible);
    channel.send({
      kind: 'grant',
      clusterId: cluster.clusterId,
      serverName,
      authorityPem: cluster.authorityPem(),
      certificatePem,
      engineRole: engine.role,
      engineEndpoints: engine.endpoints,
      initialCluster: engine.initialCluster,
      address,
      publicAddress,
      isEligible,
    });
    const answer = await channel.next(joinTimes.acceptedMs);
    if (answer.kind === 'failed') throw new Error(`${serverName} could not use what it was granted: ${answer.message}`);
    if (answer.kind !== 'accepted') throw refusals.outOfTurn(answer.kind);
    await noted(async () => cluster.licences?.adopt(serverName, request.licences));
    await noted(() => cluster.registry.write({ ...record, state: 'joined', isEligible, engineRole: engine.role }));
  } catch (error) {
    await takeBack(deps, cluster, serverName, before);
    throw error;
  }
  deps.logger.info({ address, server: serverName }, `${serverName} joined the cluster`);
  channel.send({ kind: 'done' });
}

/** A server that was known before keeps its place: only a newcomer's is taken away. */
async function takeBack(
  { logger }: JoinDeskDeps,
  cluster: DeskCluster,
  serverName: string,
  before: ServerRecord | undefined,
): Promise<void> {
  try {
    if (before?.state !== 'joined') {
      await cluster.licences?.release(serverName);
      await cluster.engine.expel(serverName);
    }
    await cluster.registry.restore(serverName, before);
  } catch (error) {
    logger.error(
      { err: error, server: serverName },
      `${serverName} did not join, and what was noted of it could not be taken back: run "hubfarm cluster remove ${serverName}"`,
    );
  }
}

async function admitToEngine(
  cluster: DeskCluster,
  request: AdmissionRequest,
  address: string,
  isEligible: boolean,
): Promise<EngineSettings> {
  const { serverName, enginePeerPort: peerPort, engineClientPort: clientPort } = request;
  try {
    const settings = await cluster.engine.admit({ serverName, address, peerPort, clientPort });
    // It comes back as what it was: admission alone gives the rights of a plain member.
    if (isEligible) await cluster.engine.makeEligible(serverName);
    return settings;
  } catch (error) {
    throw refusals.engine(reasonOf(error));
  }
}

async function signFor(
  { authorities }: JoinDeskDeps,
  cluster: DeskCluster,
  request: AdmissionRequest,
  addresses: readonly string[],
): Promise<string> {
  try {
    return await authorities.sign({
      authority: cluster.authority(),
      requestDer: request.certificateRequest,
      ...certificateNames(request.serverName, addresses),
      validMs: certificateLives.serverMs,
    });
  } catch (error) {
    throw refusals.badRequest(reasonOf(error));
  }
}

async function noted<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw refusals.store(reasonOf(error));
  }
}

function tell({ channel }: Visit, step: string, text: string): void {
  channel.send({ kind: 'progress', step, text, state: 'started' });
}
