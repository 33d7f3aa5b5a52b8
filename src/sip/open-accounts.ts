import type { Backplane, Guard } from '#backplane';
import { LoginGuard, silentLogger, type Lifecycle, type Logger, type LoginGuardLimits } from '#base';
import type { Bus } from '#cluster';
import type { Clock, Random } from '#io';
import { Authenticator } from './accounts/authenticator.ts';
import type { DigestAlgorithm } from './accounts/digest.ts';
import { AccountDirectory } from './accounts/directory.ts';
import { NonceMaker } from './accounts/nonce.ts';
import { PlainDigest } from './accounts/plain-digest.ts';
import { openSecret } from './accounts/secret.ts';
import { UserHashes } from './accounts/user-hashes.ts';
import { LocalUsers } from './core/local-users.ts';
import { AccountOwnership } from './registrar/account-ownership.ts';
import { Gruus } from './registrar/gruu.ts';
import { LocationService } from './registrar/location-service.ts';
import { OwnedRegistrations } from './registrar/owned-registrations.ts';
import type { RegistrarSettings } from './registrar/limits.ts';
import { PatientRegistrations } from './registrar/patient-registrations.ts';
import { PlainRegistrar } from './registrar/plain-registrar.ts';
import { ProvisionalRegistrations } from './registrar/provisional-registrations.ts';
import { Registrar, type RegistrationOwner } from './registrar/registrar.ts';
import { Registrations } from './registrar/registrations.ts';

export interface AccountSettings {
  /** How long a nonce is good. */
  readonly nonceLifetimeS: number;
  /** Offered in this order. */
  readonly digestAlgorithms: readonly DigestAlgorithm[];
  /** Telephones may send the hash of their user in its place (RFC 7616 §3.4.4). */
  readonly takesUserHashes?: boolean;
  readonly guard: LoginGuardLimits;
  readonly registrar: RegistrarSettings;
  /** Registrations are written together that come within this time of another one; absent: each turn of the loop. */
  readonly writeSpacingMs?: number;
}

export interface AccountServices {
  readonly backplane: Backplane;
  /** The same, for what administrators change: it waits for a store that is slow. Absent: that one never waits long. */
  readonly patient?: Backplane;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly settings: AccountSettings;
  /** Of this member, as bindings name it; empty on a server that stands alone. */
  readonly member: string;
  /** In a cluster only the controller changes accounts. */
  readonly leadership?: () => Guard | undefined;
  /** Absent: the only member, which owns all accounts. */
  readonly cluster?: AccountCluster;
}

export interface AccountCluster {
  readonly bus: Bus;
  /** This member may own accounts; frontends ask those that do. */
  readonly isBackend: boolean;
  /** This member hears more than half of all; absent: it is not asked. */
  readonly hearsMost?: () => boolean;
}

/** Accounts, and where they are: one member's view of them. */
export interface SipAccounts {
  readonly directory: AccountDirectory;
  readonly location: LocationService;
  readonly authenticator: Authenticator;
  readonly registrar: Registrar;
  readonly plainRegistrar: PlainRegistrar;
  readonly registrations: RegistrationOwner;
  readonly guard: LoginGuard;
  readonly gruus: Gruus;
  /** The key that all members share, 32 bytes. */
  readonly secret: Buffer;
}

const bootBytes = 4;
const writerBytes = 8;

/** Resolves when domains, accounts and bindings are at hand. What is started stops with the lifecycle. */
export async function openSipAccounts(services: AccountServices, lifecycle: Lifecycle): Promise<SipAccounts> {
  const {
    backplane,
    patient = backplane,
    clock,
    random,
    settings,
    member,
    leadership,
    cluster,
    logger = silentLogger,
  } = services;
  const secret = await openSecret(backplane, random);
  const directory = await AccountDirectory.open(patient, clock, {
    logger,
    ...(leadership === undefined ? {} : { leadership }),
  });
  await lifecycle.start({ name: 'SIP accounts', stop: () => directory.close() });
  const shares: { ownership?: AccountOwnership } = {};
  const isAlone = cluster === undefined;
  const location = await LocationService.open({
    backplane,
    clock,
    logger,
    writer: random.bytes(writerBytes).toString('hex'),
    ...(settings.writeSpacingMs === undefined ? {} : { writeSpacingMs: settings.writeSpacingMs }),
    ...(isAlone ? {} : { owns: (aor: string) => shares.ownership?.isHere(aor) === true }),
    ...(isAlone ? {} : { guard: (aor: string) => shares.ownership?.guard(aor) }),
  });
  await lifecycle.start({ name: 'SIP registrations', stop: () => location.close() });
  const guard = new LoginGuard(clock, settings.guard);
  const gruus = new Gruus(secret, random.bytes(bootBytes), clock);
  const nonces = new NonceMaker(secret, random.bytes(bootBytes), settings.nonceLifetimeS);
  const authenticator = new Authenticator({
    directory,
    guard,
    clock,
    nonces,
    isOneOfMany: !isAlone,
    algorithms: settings.digestAlgorithms,
    ...(settings.takesUserHashes === true && { userHashes: new UserHashes(directory) }),
  });
  const own = new Registrations(location, settings.registrar);
  const registrations = isAlone ? own : await shared(services, cluster, location, own, shares, lifecycle);
  const provisional =
    isAlone || shares.ownership === undefined
      ? undefined
      : new ProvisionalRegistrations({
          owner: new PatientRegistrations(registrations, clock),
          location,
          ownership: shares.ownership,
          bus: cluster.bus,
          clock,
          logger,
          settings: settings.registrar,
          hearsMost: cluster.hearsMost ?? (() => true),
        });
  await lifecycle.start({ name: 'registrations without the engine', stop: () => provisional?.stop() });
  const registrar = new Registrar({
    users: new LocalUsers(directory),
    owner: provisional ?? own,
    gruus,
    random,
    logger,
    member,
    settings: settings.registrar,
  });
  const plainRegistrar = new PlainRegistrar({
    digest: new PlainDigest({
      directory,
      guard,
      clock,
      nonces,
      window: authenticator.window,
      isOneOfMany: !isAlone,
      algorithms: settings.digestAlgorithms,
      challengeTail: settings.takesUserHashes === true ? 'qop="auth", userhash=true' : 'qop="auth"',
      counters: authenticator.counters,
    }),
    location,
    gruus,
    // Others have them granted while the engine is away.
    ...(isAlone && { registrations: own }),
    ...(isAlone ? {} : { owns: (aor: string) => shares.ownership?.isHere(aor) === true }),
    settings: settings.registrar,
    counters: registrar.counters,
    member,
    key: secret,
  });
  const unfollow = directory.onChange((change) => {
    // An account that is gone is nowhere.
    if (change.kind !== 'account' || change.account !== undefined) return;
    if (!isAlone && shares.ownership?.isHere(change.aor) !== true) return;
    location.remove(change.aor).catch((error: unknown) => {
      logger.warn({ aor: change.aor, err: error }, 'the registrations of a removed account could not be removed');
    });
  });
  await lifecycle.start({ name: 'registrations of removed accounts', stop: unfollow });
  return { directory, location, authenticator, registrar, plainRegistrar, registrations, guard, gruus, secret };
}

/** With other members: each owns its share of the accounts. */
async function shared(
  { backplane, clock, logger = silentLogger }: AccountServices,
  { bus, isBackend }: AccountCluster,
  location: LocationService,
  registrations: Registrations,
  shares: { ownership?: AccountOwnership },
  lifecycle: Lifecycle,
): Promise<RegistrationOwner> {
  const ownership = await AccountOwnership.open({
    backplane,
    clock,
    logger,
    self: bus.self,
    isBackend,
    catchUp: () => location.catchUp(),
    settled: () => location.settled(),
  });
  shares.ownership = ownership;
  await lifecycle.start({ name: 'SIP accounts of this member', stop: () => ownership.stop() });
  const owned = new OwnedRegistrations({ registrations, ownership, bus, logger });
  await lifecycle.start({ name: 'registrations for other members', stop: () => owned.stop() });
  return owned;
}
