import { serverNameRule } from '../member-id.ts';
import type { ClusterFailureCode } from './cluster-failure.ts';
import type { Hello } from './codec/member-message.ts';
import { joinProtocol } from './join-protocol.ts';
import { joinTimes } from './join-times.ts';

/** A "no" of the controller: the same words for the newcomer and for its own log. */
export class Refusal extends Error {
  readonly answer: { readonly code: ClusterFailureCode; readonly step: string; readonly message: string };

  constructor(code: ClusterFailureCode, step: string, message: string) {
    super(`${step}: ${message}`);
    this.answer = { code, step, message };
  }
}

/** Somebody else has the name. */
export class TakenName extends Refusal {
  constructor(message: string) {
    super('NAME_TAKEN', steps.name, message);
  }
}

export const steps = {
  connect: 'connect to the controller',
  versions: 'compare versions',
  controller: 'find the controller',
  password: "prove the controller's password",
  request: 'ask to be let in',
  clocks: 'compare clocks',
  cluster: 'check the cluster that this server belongs to',
  name: 'check the server name',
  address: 'check the public address',
  licence: 'check the licences',
  certificate: 'sign the certificate',
  engine: 'make room in the engine',
  engineLeave: 'take the server out of the engine',
  registry: 'register the server',
  key: 'prove the key of this server',
} as const;

const seconds = (ms: number): string => `${(Math.abs(ms) / 1000).toFixed(1)} s`;

/** Every refusal in one place: what is wrong, with its value, and what to do. */
export const refusals = {
  blocked: (forMs: number): Refusal =>
    new Refusal(
      'BLOCKED',
      steps.password,
      `too many wrong passwords from this address: it is blocked for another ${Math.ceil(forMs / 1000)} s`,
    ),
  busy: (): Refusal =>
    new Refusal('NOT_READY', steps.connect, 'the controller has too many joins under way: try again in some seconds'),
  internal: (): Refusal =>
    new Refusal('NOT_READY', steps.request, 'the controller failed; its log says why. Nothing was changed'),
  outOfTurn: (kind: string): Refusal =>
    new Refusal('PROTOCOL', steps.connect, `"${kind}" came out of turn: both servers should run the same version`),
  version: (hello: Hello, version: string): Refusal => {
    const older = hello.protocol < joinProtocol ? 'the server that joins' : 'the controller';
    const versions = `the server that joins runs hubfarm ${hello.version} (join protocol ${hello.protocol}), the controller hubfarm ${version} (join protocol ${joinProtocol})`;
    return new Refusal('VERSION_MISMATCH', steps.versions, `${versions}: update ${older}`);
  },
  notBound: (): Refusal =>
    new Refusal(
      'PROTOCOL',
      steps.connect,
      'the connection is not TLS 1.3 with this protocol: something between the two servers changes it (a proxy that inspects TLS?). Connect directly',
    ),
  standalone: (): Refusal =>
    new Refusal(
      'NOT_CONTROLLER',
      steps.controller,
      'this server stands alone. Run "hubfarm cluster init" on it first, or give the address of the controller',
    ),
  notController: (controller: string | undefined): Refusal =>
    new Refusal(
      'NOT_CONTROLLER',
      steps.controller,
      controller === undefined
        ? 'this server is a member of a cluster, and its cluster has no controller at the moment: try again in some seconds'
        : `this server is a member of a cluster. Its controller is ${controller}: join there`,
    ),
  notReady: (why: string): Refusal =>
    new Refusal('NOT_READY', steps.controller, `the controller is not ready: ${why}. Try again in some seconds`),
  noPassword: (): Refusal =>
    new Refusal(
      'NOT_READY',
      steps.password,
      'the controller has no administration password, so that anybody could join: set one there with "hubfarm server passwd"',
    ),
  wrongPassword: (triesLeft: number): Refusal =>
    new Refusal(
      'WRONG_PASSWORD',
      steps.password,
      `wrong password: give the administration password of the controller (not of this server). ${
        triesLeft === 0 ? 'This address is now blocked for a minute' : `${triesLeft} more tries`
      }. With the right password it means that somebody sits between the two servers`,
    ),
  clocks: (aheadMs: number): Refusal =>
    new Refusal(
      'CLOCK_SKEW',
      steps.clocks,
      `the clock of the server that joins is ${seconds(aheadMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the controller's, at most ${seconds(joinTimes.maxClockSkewMs)} is allowed: set both by NTP`,
    ),
  otherCluster: (current: string, ours: string): Refusal =>
    new Refusal(
      'OTHER_CLUSTER',
      steps.cluster,
      `the server already belongs to the cluster ${current}, this is the cluster ${ours}: run "hubfarm cluster leave" on it first`,
    ),
  badName: (name: string): Refusal =>
    new Refusal(
      'NAME_TAKEN',
      steps.name,
      `"${name}" cannot be the name of a server in a cluster: choose one with --name (${serverNameRule})`,
    ),
  liveName: (name: string, address: string): TakenName =>
    new TakenName(
      `another server called "${name}" runs in the cluster, at ${address}: choose another name with --name (if it is this very server, just started again: try again in 10 s)`,
    ),
  knownName: (name: string, since: string): TakenName =>
    new TakenName(
      `a server called "${name}" belongs to the cluster since ${since}, and this one has not its key. If this machine replaces it, run "hubfarm cluster remove ${name}" at the controller first; else choose another name with --name`,
    ),
  joiningName: (name: string): TakenName =>
    new TakenName(`a server called "${name}" is being let in at this moment: try again in two minutes`),
  badAddress: (value: string, why: string): Refusal =>
    new Refusal('BAD_PUBLIC_ADDRESS', steps.address, `"${value}" ${why}: give an IPv4 address with --public-address`),
  unreachable: (address: string, problems: readonly string[]): Refusal =>
    new Refusal(
      'PUBLIC_ADDRESS_UNREACHABLE',
      steps.address,
      `clients would be sent to ${address}, but the controller does not reach this server there: ${problems.join('; ')}. Give the right address and ports with --public-address and --public-port, open the firewall, or, if only clients reach it there, join with --unchecked-address`,
    ),
  licence: (why: string): Refusal =>
    new Refusal(
      'LICENCE',
      steps.licence,
      `${why}. Register a licence that no other server has on the server that joins ("vpncmd LicenseAdd"), and join again`,
    ),
  badRequest: (why: string): Refusal => new Refusal('PROTOCOL', steps.certificate, why),
  engine: (why: string): Refusal =>
    new Refusal('ENGINE', steps.engine, `the engine of the cluster did not let the server in: ${why}`),
  engineKeeps: (name: string, why: string): Refusal =>
    new Refusal(
      'ENGINE',
      steps.engineLeave,
      `the engine of the cluster did not let "${name}" go: ${why}. It belongs to the cluster still: do the same again when the engine answers`,
    ),
  store: (why: string): Refusal =>
    new Refusal('NOT_READY', steps.registry, `the cluster could not note the new server: ${why}`),
  storeKeeps: (name: string, why: string): Refusal =>
    new Refusal(
      'NOT_READY',
      steps.registry,
      `"${name}" could not be taken off the list of the cluster's servers: ${why}. Do the same again when the engine answers`,
    ),
  badKey: (name: string): Refusal =>
    new Refusal('WRONG_KEY', steps.key, `the key that was shown is not that of the server "${name}"`),
  unknownServer: (name: string): Refusal =>
    new Refusal('NO_SUCH_SERVER', steps.registry, `no server called "${name}" belongs to this cluster`),
  lastController: (name: string): Refusal =>
    new Refusal(
      'LAST_CONTROLLER',
      steps.registry,
      `"${name}" is the only server that can be the controller while others belong to the cluster: promote another one first ("hubfarm cluster promote NAME"), or let the others leave`,
    ),
} as const;
