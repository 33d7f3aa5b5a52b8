import { certificateDer, isKeyOf, isSignedBy, signSha256 } from '#base';
import type { CertificateAuthorities, Clock, Network, Random, ServerIdentity } from '#io';
import { ClusterFailure } from './cluster-failure.ts';
import type { StepProgress } from './cluster-steps.ts';
import type { Grant } from './codec/controller-message.ts';
import type { AdmissionRequest, OldKey } from './codec/member-message.ts';
import { ControllerTalk } from './controller-talk.ts';
import { doing } from './doing.ts';
import { certificatesIn } from './is-old-key.ts';
import { joinProtocol, oldKeyStatement } from './join-protocol.ts';
import { joinTimes } from './join-times.ts';
import { steps } from './refusal.ts';

export interface JoinClientDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Pick<Network, 'dial'>;
  readonly authorities: CertificateAuthorities;
  /** Of the product. */
  readonly version: string;
}

/** What the server that joins says of itself. */
export type Newcomer = Omit<AdmissionRequest, 'kind' | 'certificateRequest' | 'clockMs' | 'oldKey'>;

export interface Admission {
  readonly grant: Grant;
  /** The certificate of the grant, with the key that was made for it. */
  readonly identity: ServerIdentity;
  /** To be called when all is written down; resolves when the controller knows. */
  accept(): Promise<void>;
  /** To be called when it could not be: the controller takes everything back. */
  giveUp(why: string): void;
}

/** The newcomer's side of joining and leaving. Every failure is a `ClusterFailure`. */
export class JoinClient {
  readonly #deps: JoinClientDeps;

  constructor(deps: JoinClientDeps) {
    this.#deps = deps;
  }

  /** Proves the password, has itself checked, and gets its certificate. Nothing is kept on either side before `accept`. */
  async join(
    controller: { readonly host: string; readonly port: number; readonly hashedPassword: Buffer },
    newcomer: Newcomer,
    old: ServerIdentity | undefined,
    progress: StepProgress,
  ): Promise<Admission> {
    const talk = await ControllerTalk.open(controller, this.#deps, progress);
    try {
      await doing(progress, 'password', steps.password, () => this.#prove(talk, controller.hashedPassword));
      return await this.#ask(talk, newcomer, old, progress);
    } catch (error) {
      talk.close();
      throw error;
    }
  }

  /** Tells the controller that this server goes. */
  async leave(
    controller: { readonly host: string; readonly port: number },
    serverName: string,
    identity: ServerIdentity,
    progress: StepProgress,
  ): Promise<void> {
    const talk = await ControllerTalk.open(controller, this.#deps, progress);
    try {
      await doing(progress, 'leave', `tell the controller that ${serverName} leaves`, async () => {
        const { version } = this.#deps;
        talk.send({ kind: 'hello', protocol: joinProtocol, version, intent: 'leave', share: Buffer.alloc(0) });
        await talk.expected('share', joinTimes.earlyMs, steps.connect);
        const key = signWithOldKey('leave', serverName, identity, talk.session);
        if (key === undefined) throw unreadableKey();
        talk.send({ kind: 'leave', serverName, key });
        await talk.expected('done', joinTimes.workMs, steps.registry);
      });
    } finally {
      talk.close();
    }
  }

  async #prove(talk: ControllerTalk, hashedPassword: Buffer): Promise<void> {
    const { random, version } = this.#deps;
    const { newPasswordProof } = await import('./password-proof.ts');
    const own = newPasswordProof('A', hashedPassword, random);
    talk.send({ kind: 'hello', protocol: joinProtocol, version, intent: 'join', share: own.share });
    const { share } = await talk.expected('share', joinTimes.earlyMs, steps.connect);
    const result = own.finish(share, talk.session);
    if (result === undefined) throw impostor(talk);
    talk.send({ kind: 'proof', confirmation: result.confirmation });
    const proof = await talk.expected('proof', joinTimes.earlyMs, steps.password);
    if (!result.isConfirmedBy(proof.confirmation)) throw impostor(talk);
    talk.trust();
  }

  async #ask(
    talk: ControllerTalk,
    newcomer: Newcomer,
    old: ServerIdentity | undefined,
    progress: StepProgress,
  ): Promise<Admission> {
    const { authorities, clock } = this.#deps;
    const { serverName } = newcomer;
    const own = await authorities.makeRequest(serverName);
    const oldKey = old && signWithOldKey('rejoin', serverName, old, talk.session);
    const certificateRequest = own.requestDer;
    const grant = await doing(progress, 'admission', `let ${serverName} in`, () => {
      talk.send({ kind: 'request', ...newcomer, certificateRequest, clockMs: clock.wallMs(), oldKey });
      return talk.granted(progress);
    });
    const identity = { certificatePem: grant.certificatePem, privateKeyPem: own.privateKeyPem };
    checkGrant(talk, grant, identity);
    return {
      grant,
      identity,
      accept: async () => {
        talk.send({ kind: 'accepted' });
        await talk.expected('done', joinTimes.workMs, steps.registry);
        talk.close();
      },
      giveUp: (message) => {
        talk.send({ kind: 'failed', message });
        talk.close();
      },
    };
  }
}

/** Before the proof the controller would have said that ours is wrong: who goes on and cannot prove itself is none. */
function impostor({ name }: ControllerTalk): ClusterFailure {
  const what = `${name} did not prove that it knows the password: it is not the controller, or somebody sits between`;
  return new ClusterFailure(
    'MAN_IN_THE_MIDDLE',
    steps.password,
    `${what}. Nothing was revealed to it. Check the address`,
  );
}

const unreadableKey = (): ClusterFailure =>
  new ClusterFailure('STORE', steps.key, "the private key of this server's cluster identity cannot be read");

/** What the controller sent must work here, before anything is written down. */
function checkGrant({ name }: ControllerTalk, grant: Grant, { certificatePem, privateKeyPem }: ServerIdentity): void {
  const certificate = Buffer.from(certificatePem);
  const isGood =
    isKeyOf(certificate, privateKeyPem) &&
    certificatesIn(grant.authorityPem).some((authority) => isSignedBy(certificate, authority));
  if (isGood) return;
  const message = `${name} sent a certificate that is not for the key of this server, or not signed by its authority`;
  throw new ClusterFailure('PROTOCOL', steps.certificate, message);
}

function signWithOldKey(
  purpose: 'rejoin' | 'leave',
  serverName: string,
  old: ServerIdentity,
  session: Buffer,
): OldKey | undefined {
  const certificate = certificateDer(Buffer.from(old.certificatePem));
  const signature = signSha256(old.privateKeyPem, oldKeyStatement(purpose, serverName, session));
  return certificate && signature && { certificate, signature };
}
