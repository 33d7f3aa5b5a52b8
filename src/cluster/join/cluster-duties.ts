import type { Backplane } from '#backplane';
import { HubfarmError, inspectCertificate, type Logger } from '#base';
import type { CertificateAuthorities, Clock, ServerIdentity } from '#io';
import type { Bus } from '../bus.ts';
import type { MemberBoot } from '../member-boot.ts';
import { parseMemberId } from '../member-id.ts';
import type { Controllership, Membership } from '../membership.ts';
import {
  certificateRequestOf,
  clusterAuthorityKey,
  clusterServices,
  isDrainingOf,
  type RenewalAnswer,
} from './bus-messages.ts';
import { certificateNames } from './certificate-names.ts';
import { CertificateRenewal } from './certificate-renewal.ts';
import { Fields } from './codec/fields.ts';
import { joinLimits } from './codec/join-limits.ts';
import type { ClusterState } from './cluster-state.ts';
import { certificateLives } from './join-times.ts';
import { serverKey, ServerRegistry } from './server-registry.ts';

export interface ClusterDutiesDeps {
  readonly state: ClusterState;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly controllership: Controllership;
  /** The store of the cluster. */
  readonly shared: Backplane;
  readonly authorities: CertificateAuthorities;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The controller has removed this server: `ServerCluster.removed`. */
  readonly removed: () => void;
  /** This server may be elected from now on; its files say so already. */
  readonly promoted: () => void;
}

const promotionRetryMs = 2_000;

/**
 * What a server does for its cluster, and has done for itself, as long as it belongs to it: certificates are renewed, it
 * learns that it was promoted or removed. One per server, at its first member.
 */
export class ClusterDuties {
  readonly #deps: ClusterDutiesDeps;
  readonly #registry: ServerRegistry;
  readonly #renewal: CertificateRenewal;
  readonly #ends: (() => void)[];
  #isStopped = false;

  constructor(deps: ClusterDutiesDeps) {
    const { bus, shared, controllership, state } = deps;
    this.#deps = deps;
    this.#registry = new ServerRegistry(shared, () => controllership.guard());
    const watch = shared.watch(serverKey(state.current?.settings.serverName ?? ''), () => void this.#lookAtOwnRecord());
    this.#ends = [
      () => watch.close(),
      bus.serve(clusterServices.renew, (body, from) => this.#sign(body, from)),
      bus.serve(clusterServices.removed, (_, from) => this.#wasRemoved(from)),
      serveDrain(deps),
    ];
    this.#renewal = new CertificateRenewal(deps);
  }

  stop(): void {
    this.#isStopped = true;
    this.#renewal.stop();
    for (const end of this.#ends.splice(0)) end();
  }

  /** For a caller who has shown the old certificate: its name is that of the connection, its addresses are known. */
  async #sign(body: unknown, from: MemberBoot): Promise<RenewalAnswer> {
    const { state, authorities, membership, controllership } = this.#deps;
    const files = state.current;
    if (files?.authority === undefined || !controllership.isController()) {
      throw new HubfarmError('NOT_CONTROLLER', 'this server is not the controller: ask that one');
    }
    const serverName = parseMemberId(from.member)?.server ?? '';
    const record = await this.#registry.find(serverName);
    if (record === undefined) throw new HubfarmError('NO_SUCH_SERVER', `${serverName} belongs to the cluster no more`);
    const publicAddress = membership.find(from.member)?.info.publicAddress ?? '';
    const addresses = [record.address, publicAddress].filter((address) => address !== '');
    const certificatePem = await authorities.sign({
      authority: files.authority,
      requestDer: certificateRequestOf(body),
      ...certificateNames(serverName, addresses),
      validMs: certificateLives.serverMs,
    });
    const certificateNotAfterMs = inspectCertificate(Buffer.from(certificatePem))?.notAfterMs ?? 0;
    await this.#registry.write({ ...record, certificateNotAfterMs });
    return { certificatePem, authorityPem: files.authorityPem };
  }

  #wasRemoved(from: MemberBoot): null {
    requireController(this.#deps.controllership, from);
    this.#deps.logger.warn({ controller: from.member }, 'the controller has removed this server from the cluster');
    this.#deps.removed();
    return null;
  }

  /** A promoted server gets the key of the authority, so that it can let others in when it controls. */
  async #lookAtOwnRecord(): Promise<void> {
    const { state, shared, clock, logger, promoted } = this.#deps;
    const files = state.current;
    if (this.#isStopped || files === undefined || files.settings.isEligible) return;
    try {
      if ((await this.#registry.find(files.settings.serverName))?.isEligible !== true) return;
      const entry = await shared.get(clusterAuthorityKey);
      if (entry === undefined) throw new Error('the key of the authority is not in the store yet');
      const authority = authorityOf(entry.value);
      const promote = (now: typeof files): typeof files => ({
        ...now,
        authority,
        settings: { ...now.settings, isEligible: true },
      });
      if (!(await state.change(promote))) return;
      logger.info({}, 'this server may be the controller from now on');
      promoted();
    } catch (error) {
      logger.warn({ err: error }, 'this server was promoted, but is not ready for it yet');
      clock.after(promotionRetryMs, () => void this.#lookAtOwnRecord());
    }
  }
}

/** Every member of a server offers this; the first one has it among its `ClusterDuties`. Returns the function that ends it. */
export function serveDrain({
  bus,
  membership,
  controllership,
}: Pick<ClusterDutiesDeps, 'bus' | 'membership' | 'controllership'>): () => void {
  return bus.serve(clusterServices.drain, async (body, from) => {
    const own = parseMemberId(membership.self.id)?.server;
    if (parseMemberId(from.member)?.server !== own) requireController(controllership, from);
    await membership.announce({ isDraining: isDrainingOf(body) });
    return null;
  });
}

function requireController(controllership: Pick<Controllership, 'controller'>, from: MemberBoot): void {
  const controller = controllership.controller();
  if (controller?.member === from.member && controller.boot === from.boot) return;
  throw new HubfarmError('NOT_CONTROLLER', `${from.member} is not the controller: only that one may ask for this`);
}

function authorityOf(value: Uint8Array): ServerIdentity {
  const fields = new Fields(JSON.parse(Buffer.from(value).toString('utf8')));
  return {
    certificatePem: fields.text('certificatePem', joinLimits.maxPemCharacters),
    privateKeyPem: fields.text('privateKeyPem', joinLimits.maxPemCharacters),
  };
}
