import { reasonOf } from '#base';
import type { ByteStream, Clock, Network } from '#io';
import { ClusterFailure, type ClusterFailureCode } from './cluster-failure.ts';
import type { StepProgress } from './cluster-steps.ts';
import { decodeControllerMessage, type ControllerMessage, type Grant } from './codec/controller-message.ts';
import type { MemberMessage } from './codec/member-message.ts';
import { doing } from './doing.ts';
import { ChannelError, JoinChannel } from './join-channel.ts';
import { joinAlpn, sessionBinding } from './join-protocol.ts';
import { joinTimes } from './join-times.ts';
import { steps } from './refusal.ts';

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

/** What a server and the controller that it joins, or leaves, say to each other. Every failure is a `ClusterFailure`. */
export class ControllerTalk {
  /** Address and port, for people. */
  readonly name: string;
  /** Of the TLS session: proofs are bound to it. */
  readonly session: Buffer;
  readonly #channel: JoinChannel<ControllerMessage>;

  private constructor(name: string, session: Buffer, channel: JoinChannel<ControllerMessage>) {
    this.name = name;
    this.session = session;
    this.#channel = channel;
  }

  static async open(
    { host, port }: { readonly host: string; readonly port: number },
    { network, clock }: { readonly network: Pick<Network, 'dial'>; readonly clock: Clock },
    progress: StepProgress,
  ): Promise<ControllerTalk> {
    const name = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    return doing(progress, 'connect', `connect to ${name}`, async () => {
      const dial = { host, port, timeoutMs: joinTimes.dialMs, tls: true, alpn: [joinAlpn] };
      const stream = await network.dial(dial).catch((cause: unknown) => {
        const hint = 'is the controller up, and is this one of its listener ports?';
        throw new ClusterFailure('CANNOT_CONNECT', steps.connect, `${reasonOf(cause)} (${hint})`, { cause });
      });
      const session = sessionBinding(stream);
      if (session === undefined) {
        stream.destroy();
        throw notHubfarm(name, stream);
      }
      return new ControllerTalk(name, session, new JoinChannel(stream, clock, decodeControllerMessage));
    });
  }

  send(message: MemberMessage): void {
    this.#channel.send(message);
  }

  /** The other side has proven who it is: it may send more. */
  trust(): void {
    this.#channel.trust();
  }

  close(): void {
    this.#channel.close();
  }

  async expected<K extends ControllerMessage['kind']>(
    kind: K,
    timeoutMs: number,
    step: string,
  ): Promise<Extract<ControllerMessage, { readonly kind: K }>> {
    const message = await this.#received(timeoutMs, step);
    if (message.kind !== kind) throw this.#outOfTurn(message.kind);
    return message as Extract<ControllerMessage, { readonly kind: K }>;
  }

  /** Reads on through what the controller tells of its work. */
  async granted(progress: StepProgress): Promise<Grant> {
    for (;;) {
      const message = await this.#received(joinTimes.workMs, steps.request);
      if (message.kind === 'grant') return message;
      if (message.kind !== 'progress') throw this.#outOfTurn(message.kind);
      progress({ step: message.step, text: message.text, state: message.state });
    }
  }

  async #received(timeoutMs: number, step: string): Promise<ControllerMessage> {
    let message: ControllerMessage;
    try {
      message = await this.#channel.next(timeoutMs);
    } catch (cause) {
      if (!(cause instanceof ChannelError)) throw cause;
      const code = cause.reason === 'garbled' ? 'PROTOCOL' : 'CANNOT_CONNECT';
      throw new ClusterFailure(code, step, `${this.name}: ${cause.message}. Nothing was changed: try again`, { cause });
    }
    if (message.kind === 'refused') throw new ClusterFailure(knownCode(message.code), message.step, message.message);
    return message;
  }

  #outOfTurn(kind: string): ClusterFailure {
    const message = `${this.name} said "${kind}" out of turn: run the same version on both`;
    return new ClusterFailure('PROTOCOL', steps.connect, message);
  }
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
