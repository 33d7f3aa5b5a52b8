import type { ByteStream, CertificateAuthorities, Clock, Network, Random, ServerIdentity } from '#io';
import { certificateDer, HubfarmError, isKeyOf, isSignedBy, signSha256 } from '#base';
import { ClusterFailure, type ClusterFailureCode } from './cluster-failure.ts';
import type { StepProgress } from './cluster-steps.ts';
import { decodeControllerMessage, type ControllerMessage, type Grant } from './codec/controller-message.ts';
import type { AdmissionRequest, OldKey } from './codec/member-message.ts';
import { certificatesIn } from './is-old-key.ts';
import { ChannelError, JoinChannel } from './join-channel.ts';
import { joinAlpn, joinProtocol, oldKeyStatement, sessionBinding } from './join-protocol.ts';
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

interface Talk {
  readonly stream: ByteStream;
  readonly channel: JoinChannel<ControllerMessage>;
  readonly session: Buffer;
  readonly name: string;
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
    const talk = await this.#connect(controller, progress);
    try {
      await doing(progress, 'password', steps.password, () => this.#prove(talk, controller.hashedPassword));
      return await this.#ask(talk, newcomer, old, progress);
    } catch (error) {
      talk.channel.close();
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
    const talk = await this.#connect(controller, progress);
    const { channel, session } = talk;
    try {
      await doing(progress, 'leave', `tell the controller that ${serverName} leaves`, async () => {
        const { version } = this.#deps;
        channel.send({ kind: 'hello', protocol: joinProtocol, version, intent: 'leave', share: Buffer.alloc(0) });
        await expected(talk, 'share', joinTimes.earlyMs, steps.connect);
        const key = signWithOldKey('leave', serverName, identity, session);
        if (key === undefined) throw unreadableKey();
        channel.send({ kind: 'leave', serverName, key });
        await expected(talk, 'done', joinTimes.workMs, steps.registry);
      });
    } finally {
      channel.close();
    }
  }

  async #connect(to: { readonly host: string; readonly port: number }, progress: StepProgress): Promise<Talk> {
    const { network, clock } = this.#deps;
    const { host, port } = to;
    const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    return doing(progress, 'connect', `connect to ${name}`, async () => {
      const dial = { host, port, timeoutMs: joinTimes.dialMs, tls: true, alpn: [joinAlpn] };
      const stream = await network.dial(dial).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        const hint = 'is the controller up, and is this one of its listener ports?';
        throw new ClusterFailure('CANNOT_CONNECT', steps.connect, `${why} (${hint})`, { cause });
      });
      const session = sessionBinding(stream);
      if (session === undefined) {
        stream.destroy();
        throw notHubfarm(name, stream);
      }
      return { stream, channel: new JoinChannel(stream, clock, decodeControllerMessage), session, name };
    });
  }

  async #prove(talk: Talk, hashedPassword: Buffer): Promise<void> {
    const { channel, session } = talk;
    const { random, version } = this.#deps;
    const { newPasswordProof } = await import('./password-proof.ts');
    const own = newPasswordProof('A', hashedPassword, random);
    channel.send({ kind: 'hello', protocol: joinProtocol, version, intent: 'join', share: own.share });
    const { share } = await expected(talk, 'share', joinTimes.earlyMs, steps.connect);
    const result = own.finish(share, session);
    if (result === undefined) throw impostor(talk);
    channel.send({ kind: 'proof', confirmation: result.confirmation });
    const proof = await expected(talk, 'proof', joinTimes.earlyMs, steps.password);
    if (!result.isConfirmedBy(proof.confirmation)) throw impostor(talk);
    channel.trust();
  }

  async #ask(
    talk: Talk,
    newcomer: Newcomer,
    old: ServerIdentity | undefined,
    progress: StepProgress,
  ): Promise<Admission> {
    const { channel, session } = talk;
    const { authorities, clock } = this.#deps;
    const { serverName } = newcomer;
    const own = await authorities.makeRequest(serverName);
    const oldKey = old && signWithOldKey('rejoin', serverName, old, session);
    const certificateRequest = own.requestDer;
    const grant = await doing(progress, 'admission', `let ${serverName} in`, () => {
      channel.send({ kind: 'request', ...newcomer, certificateRequest, clockMs: clock.wallMs(), oldKey });
      return granted(talk, progress);
    });
    const identity = { certificatePem: grant.certificatePem, privateKeyPem: own.privateKeyPem };
    checkGrant(talk, grant, identity);
    return {
      grant,
      identity,
      accept: async () => {
        channel.send({ kind: 'accepted' });
        await expected(talk, 'done', joinTimes.workMs, steps.registry);
        channel.close();
      },
      giveUp: (message) => {
        channel.send({ kind: 'failed', message });
        channel.close();
      },
    };
  }
}

/** Says that a step begins, and how it went. */
export async function doing<T>(progress: StepProgress, step: string, text: string, run: () => Promise<T>): Promise<T> {
  progress({ step, text, state: 'started' });
  try {
    const result = await run();
    progress({ step, text, state: 'done' });
    return result;
  } catch (error) {
    progress({ step, text, state: 'failed' });
    throw error;
  }
}

/** Reads on through what the controller tells of its work. */
async function granted(talk: Talk, progress: StepProgress): Promise<Grant> {
  for (;;) {
    const message = await received(talk, joinTimes.workMs, steps.request);
    if (message.kind === 'grant') return message;
    if (message.kind !== 'progress') throw outOfTurn(talk, message.kind);
    progress({ step: message.step, text: message.text, state: message.state });
  }
}

async function expected<K extends ControllerMessage['kind']>(
  talk: Talk,
  kind: K,
  timeoutMs: number,
  step: string,
): Promise<Extract<ControllerMessage, { readonly kind: K }>> {
  const message = await received(talk, timeoutMs, step);
  if (message.kind !== kind) throw outOfTurn(talk, message.kind);
  return message as Extract<ControllerMessage, { readonly kind: K }>;
}

async function received(talk: Talk, timeoutMs: number, step: string): Promise<ControllerMessage> {
  let message: ControllerMessage;
  try {
    message = await talk.channel.next(timeoutMs);
  } catch (cause) {
    if (!(cause instanceof ChannelError)) throw cause;
    const code = cause.reason === 'garbled' ? 'PROTOCOL' : 'CANNOT_CONNECT';
    throw new ClusterFailure(code, step, `${talk.name}: ${cause.message}. Nothing was changed: try again`, { cause });
  }
  if (message.kind === 'refused') throw new ClusterFailure(knownCode(message.code), message.step, message.message);
  return message;
}

const codes: readonly ClusterFailureCode[] = [
  'VERSION_MISMATCH',
  'BLOCKED',
  'WRONG_PASSWORD',
  'NOT_CONTROLLER',
  'NOT_READY',
  'CLOCK_SKEW',
  'NAME_TAKEN',
  'OTHER_CLUSTER',
  'PUBLIC_ADDRESS_UNREACHABLE',
  'BAD_PUBLIC_ADDRESS',
  'NO_SUCH_SERVER',
  'WRONG_KEY',
  'LAST_CONTROLLER',
  'ENGINE',
];
const knownCode = (code: string): ClusterFailureCode => codes.find((known) => known === code) ?? 'PROTOCOL';

function outOfTurn({ name }: Talk, kind: string): ClusterFailure {
  return new ClusterFailure(
    'PROTOCOL',
    steps.connect,
    `${name} said "${kind}" out of turn: run the same version on both`,
  );
}

/** Before the proof the controller would have said that ours is wrong: who goes on and cannot prove itself is none. */
function impostor({ name }: Talk): ClusterFailure {
  const what = `${name} did not prove that it knows the password: it is not the controller, or somebody sits between`;
  return new ClusterFailure(
    'MAN_IN_THE_MIDDLE',
    steps.password,
    `${what}. Nothing was revealed to it. Check the address`,
  );
}

function notHubfarm(name: string, { tls }: ByteStream): ClusterFailure {
  const what = `${name} speaks ${tls?.protocol ?? 'no TLS'}, but is not a hubfarm server that can be joined`;
  const why = 'another program, an older version, or a proxy in between';
  return new ClusterFailure(
    'NOT_HUBFARM',
    steps.connect,
    `${what} (${why}): give the controller's own address and port`,
  );
}

const unreadableKey = (): ClusterFailure =>
  new ClusterFailure('STORE', steps.key, "the private key of this server's cluster identity cannot be read");

/** What the controller sent must work here, before anything is written down. */
function checkGrant({ name }: Talk, grant: Grant, { certificatePem, privateKeyPem }: ServerIdentity): void {
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

/** The reason of any error, for people. */
export const reasonOf = (error: unknown): string =>
  error instanceof HubfarmError || error instanceof Error ? error.message : String(error);
