import { inspectCertificate, isKeyOf, isSignedBy, reasonOf, type Logger } from '#base';
import type { CertificateAuthorities, Clock, ServerIdentity, Timer } from '#io';
import type { Bus } from '../bus.ts';
import type { Controllership } from '../membership.ts';
import { clusterServices, renewalAnswerOf, renewalBody } from './bus-messages.ts';
import type { ClusterState } from './cluster-state.ts';
import { certificatesIn } from './is-old-key.ts';
import { certificateLives } from './join-times.ts';

const lookEveryMs = 60 * 60_000;
/** Nobody waits for it, and the controller waits for the engine. */
const timeoutMs = 60_000;
/** So much before its end an administrator should know that it was not renewed. */
const alarmMs = 14 * 86_400_000;

export interface CertificateRenewalDeps {
  readonly state: ClusterState;
  readonly bus: Pick<Bus, 'call'>;
  readonly controllership: Pick<Controllership, 'controller'>;
  readonly authorities: CertificateAuthorities;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Gets this server a new key and certificate when two thirds of the old one's life have passed. The old one stays valid
 * to its end: connections that rest on it need not be broken.
 */
export class CertificateRenewal {
  readonly #deps: CertificateRenewalDeps;
  readonly #timer: Timer;
  #isBusy = false;

  constructor(deps: CertificateRenewalDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.every(lookEveryMs, () => void this.look());
    void this.look();
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Renews if it is time. It never throws: what does not work now is tried again in an hour. */
  async look(): Promise<void> {
    const { state, clock, logger } = this.#deps;
    const { identity } = state.current ?? {};
    if (this.#isBusy || identity === undefined) return;
    const life = inspectCertificate(Buffer.from(identity.certificatePem));
    const now = clock.wallMs();
    if (life === undefined || now < renewAtMs(life)) return;
    this.#isBusy = true;
    try {
      await this.#renew();
      logger.info({}, "this server's certificate in the cluster was renewed");
    } catch (error) {
      const until = new Date(life.notAfterMs).toISOString();
      const text = `this server's certificate in the cluster, valid until ${until}, could not be renewed: ${reasonOf(error)}. It is tried again in an hour`;
      logger[life.notAfterMs - now < alarmMs ? 'error' : 'warn']({}, text);
    } finally {
      this.#isBusy = false;
    }
  }

  async #renew(): Promise<void> {
    const { state, bus, controllership, authorities } = this.#deps;
    const controller = controllership.controller();
    const name = state.current?.settings.serverName;
    if (controller === undefined || name === undefined) throw new Error('there is no controller at the moment');
    const request = await authorities.makeRequest(name);
    const body = renewalBody(request.requestDer);
    const answer = renewalAnswerOf(await bus.call(controller, clusterServices.renew, body, { timeoutMs }));
    const identity: ServerIdentity = { certificatePem: answer.certificatePem, privateKeyPem: request.privateKeyPem };
    const certificate = Buffer.from(identity.certificatePem);
    const isGood =
      isKeyOf(certificate, identity.privateKeyPem) &&
      inspectCertificate(certificate)?.subjectCommonName === name &&
      certificatesIn(answer.authorityPem).some((authority) => isSignedBy(certificate, authority));
    if (!isGood) throw new Error('the controller sent a certificate that does not fit');
    // It may have left the cluster meanwhile.
    await state.change((files) => ({ ...files, identity, authorityPem: answer.authorityPem }));
  }
}

/** Unix milliseconds. */
export const renewAtMs = ({
  notBeforeMs,
  notAfterMs,
}: {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}): number => notBeforeMs + (notAfterMs - notBeforeMs) * certificateLives.renewAt;
