import type { Logger } from '#base';
import { IoError, type ByteStream, type MutualTlsIdentity, type MutualTlsNetwork, type RunningListener } from '#io';
import { parseMemberId } from '../member-id.ts';
import type { Carrier, CarrierSink, CarrierTaker, LinkMaker } from './carrier.ts';
import type { BusMember } from './member-source.ts';
import { RefusalLog } from './refusal-log.ts';

export interface TlsLinksOptions {
  readonly network: MutualTlsNetwork;
  readonly listen: { readonly host: string; readonly port: number };
  /** Read at each connection, either way: certificates rotate without a restart. */
  readonly identity: () => MutualTlsIdentity;
  readonly logger: Logger;
  /** Absent = 3,000. */
  readonly dialTimeoutMs?: number;
  /** Absent = 5,000. */
  readonly handshakeTimeoutMs?: number;
}

const DEFAULT_DIAL_TIMEOUT_MS = 3_000;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
/** Connections in their TLS handshake: a farm that starts all at once needs some, nobody else any. */
const MAX_HANDSHAKES = 512;

/** Links between processes: TLS 1.3, the common name of each certificate is the name of its server. */
export class TlsLinks implements LinkMaker {
  readonly #options: TlsLinksOptions;
  #listener: RunningListener | undefined;
  #handshakes = 0;

  constructor(options: TlsLinksOptions) {
    this.#options = options;
  }

  /** Port that is listened on; undefined while it is not. */
  get port(): number | undefined {
    return this.#listener?.local.port;
  }

  async start(accept: CarrierTaker): Promise<void> {
    const { network, listen, identity, logger } = this.#options;
    const refusals = new RefusalLog(logger, 'a connection to the bus was refused');
    this.#listener = await network.listenMutualTls({
      ...listen,
      identity,
      handshakeTimeoutMs: this.#options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
      admit: () => {
        if (this.#handshakes >= MAX_HANDSHAKES) return false;
        this.#handshakes++;
        return true;
      },
      abandoned: ({ address }, why) => {
        this.#handshakes--;
        refusals.tell(address, why);
      },
      connected: (stream, peerName) => {
        this.#handshakes--;
        refusals.forget();
        accept(new StreamCarrier(stream, peerName));
      },
      troubled: (error) => logger.error({ err: error }, 'the listener of the bus has trouble'),
    });
  }

  reaches({ busAddress }: BusMember): boolean {
    return busAddress !== '';
  }

  async dial(other: BusMember, signal: AbortSignal): Promise<Carrier> {
    const { network, identity, dialTimeoutMs = DEFAULT_DIAL_TIMEOUT_MS } = this.#options;
    const address = parseAddress(other.busAddress);
    const peerName = parseMemberId(other.member)?.server;
    if (address === undefined || peerName === undefined) {
      throw new IoError('BAD_ADDRESS', `${other.member} says "${other.busAddress}", which is no host:port`);
    }
    const options = { ...address, timeoutMs: dialTimeoutMs, identity: identity(), peerName, signal };
    return new StreamCarrier(await network.dialMutualTls(options), peerName);
  }

  async stop(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
  }
}

/** `host:port`, IPv6 in brackets. */
function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const { host, bare, port } = /^(?:\[(?<host>[^\]]+)\]|(?<bare>[^:]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const name = host ?? bare;
  const number = Number(port);
  return name === undefined || number < 1 || number > 65_535 ? undefined : { host: name, port: number };
}

class StreamCarrier implements Carrier {
  readonly isLasting = false;
  readonly proven: { readonly server: string };
  readonly remote: string;
  readonly #stream: ByteStream;

  constructor(stream: ByteStream, server: string) {
    this.#stream = stream;
    this.proven = { server };
    this.remote = stream.remote.address;
  }

  write(bytes: Buffer, done: () => void): void {
    this.#stream.write(bytes, done);
  }

  receive(sink: CarrierSink): void {
    this.#stream.receiveShared({
      data: (chunk) => sink.data(chunk),
      closed: ({ clean, error }) =>
        sink.closed(error?.message ?? `it ${clean ? 'closed' : 'broke off'} the connection`),
    });
  }

  close(): void {
    this.#stream.close();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
