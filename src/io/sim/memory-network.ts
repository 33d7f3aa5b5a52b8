import { certificateDer, inspectCertificate, sha256 } from '#base';
import { IoError } from '../errors.ts';
import type { ClientHello, Network, RunningListener, TlsDialOptions, TlsListenOptions } from '../listener.ts';
import type { ByteStream, Endpoint, TlsInfo } from '../stream.ts';
import type { TlsServer } from '../tls-server.ts';
import { StreamPair, type LinkSettings } from './stream-pair.ts';

const FIRST_FREE_PORT = 40_000;
const FIRST_CLIENT_PORT = 50_000;
const DEFAULT_CLIENT = '192.0.2.1';
const ANY_ADDRESS = ['0.0.0.0', '::'];
const CIPHER = 'SIMULATED';
const SHA256_BYTES = 32;

interface Listening {
  readonly options: TlsListenOptions;
  readonly local: Endpoint;
}

/** A network in memory: listeners, connections, and what can happen to them. Time is the clock's. */
export class MemoryNetwork implements Network {
  readonly #settings: LinkSettings;
  readonly #listeners: Listening[] = [];
  readonly #pairs: StreamPair[] = [];
  readonly #unreachable = new Set<string>();
  #nextPort = FIRST_FREE_PORT;
  #nextClientPort = FIRST_CLIENT_PORT;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  /** Every connection made so far, oldest first. */
  get pairs(): readonly StreamPair[] {
    return this.#pairs;
  }

  /** The same network, as seen by the machine with this address. */
  machine(address: string): Network {
    return { listenTls: (options) => this.listenTls(options), dial: (options) => this.dial(options, address) };
  }

  /** Packets to this address get lost from now on, those of connections that are up as well. */
  isolate(address: string): void {
    this.#unreachable.add(address);
    for (const pair of this.#pairs) {
      if ([pair.client.local.address, pair.server.local.address].includes(address)) pair.silence();
    }
  }

  /** New connections reach this address again. */
  rejoin(address: string): void {
    this.#unreachable.delete(address);
  }

  listenTls(options: TlsListenOptions): Promise<RunningListener> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const local = { address: options.host, port };
    const isTaken = this.#listeners.some(
      ({ local: other }) => other.port === port && overlap(other.address, local.address),
    );
    if (isTaken && options.reusePort !== true) {
      const message = `cannot listen on ${options.host}:${port}: another program uses this port`;
      return Promise.reject(new IoError('ADDRESS_IN_USE', message));
    }
    const listening = { options, local };
    this.#listeners.push(listening);
    const close = (): Promise<void> => {
      const at = this.#listeners.indexOf(listening);
      if (at >= 0) this.#listeners.splice(at, 1);
      return Promise.resolve();
    };
    return Promise.resolve({ local, close });
  }

  async dial(options: TlsDialOptions, from: string = DEFAULT_CLIENT): Promise<ByteStream> {
    const { host, port, timeoutMs, signal } = options;
    const { clock } = this.#settings;
    const connecting = Promise.withResolvers<ByteStream>();
    const fail = (code: 'TIMEOUT' | 'REFUSED' | 'TLS_FAILED' | 'CONNECTION_LOST', why: string): void =>
      connecting.reject(new IoError(code, `cannot connect to ${host}:${port}: ${why}`));
    const deadline = clock.after(timeoutMs, () => fail('TIMEOUT', `no answer within ${timeoutMs} ms`));
    const giveUp = (): void => fail('CONNECTION_LOST', 'given up');
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp);
    clock.after(this.#roundTripMs, () => {
      if (signal?.aborted === true) return;
      if (this.#unreachable.has(host) || this.#unreachable.has(from)) return;
      const listening = this.#listeners.find(({ local }) => local.port === port && overlap(local.address, host));
      if (listening === undefined) fail('REFUSED', 'the connection was refused');
      else this.#accept(listening, options, from, connecting.resolve, (why) => fail('TLS_FAILED', why));
    });
    try {
      return await connecting.promise;
    } finally {
      deadline.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  get #roundTripMs(): number {
    return 2 * (this.#settings.latencyMs ?? 1);
  }

  #accept(
    { options, local }: Listening,
    dialled: TlsDialOptions,
    from: string,
    connected: (stream: ByteStream) => void,
    failed: (why: string) => void,
  ): void {
    const client = { address: from, port: this.#nextClientPort++ };
    const server = { address: ANY_ADDRESS.includes(local.address) ? dialled.host : local.address, port: local.port };
    if (!options.admit(client)) {
      failed('the other side closed the connection');
      return;
    }
    if (!dialled.tls) {
      options.abandoned(client, 'neither TLS nor HTTP');
      failed('the other side closed the connection');
      return;
    }
    const tls = describeTls(options, dialled, `${client.address}:${client.port}-${server.address}:${server.port}`);
    const start = (): void => {
      this.#settings.clock.after(this.#roundTripMs, () => {
        const pair = new StreamPair(this.#settings, { client, server, ...tls });
        this.#pairs.push(pair);
        options.connected(pair.server);
        connected(pair.client);
      });
    };
    if (options.pace === undefined) start();
    else options.pace(start);
  }
}

const overlap = (one: string, other: string): boolean =>
  one === other || ANY_ADDRESS.includes(one) || ANY_ADDRESS.includes(other);

function describeTls(
  options: TlsListenOptions,
  { host, serverName, alpn = [], verify = false }: TlsDialOptions,
  session: string,
): { readonly clientTls: TlsInfo; readonly serverTls: TlsInfo } {
  const hello: ClientHello = { serverName, alpn, versions: [0x0304, 0x0303] };
  const protocol = options.chooseMaxVersion?.(hello) ?? (alpn.length === 0 ? 'TLSv1.2' : 'TLSv1.3');
  const pem = Buffer.from(options.identity().certificatePem);
  const agreed = agreedProtocol(options.alpn ?? [], alpn, session);
  const info = { protocol, cipher: CIPHER, peerCertificate: certificateDer(pem), ...agreed };
  return {
    clientTls: verify ? { ...info, server: describeServer(pem, serverName ?? host) } : info,
    serverTls: { protocol, cipher: CIPHER, peerCertificate: undefined, ...agreed },
  };
}

/** Keying material is the same at both ends of a connection, and another for each connection. */
function agreedProtocol(
  spoken: readonly string[],
  offered: readonly string[],
  session: string,
): Pick<TlsInfo, 'alpn' | 'exportKeyingMaterial'> {
  const alpn = spoken.find((name) => offered.includes(name));
  if (alpn === undefined) return {};
  const exportKeyingMaterial = (label: string, lengthBytes: number): Buffer => {
    const blocks = Array.from({ length: Math.ceil(lengthBytes / SHA256_BYTES) }, (_, at) =>
      sha256(`${session}|${label}|${at}`),
    );
    return Buffer.concat(blocks).subarray(0, lengthBytes);
  };
  return { alpn, exportKeyingMaterial };
}

/** In memory a certificate is trusted if it names the host; nobody signs anything here. */
function describeServer(pem: Buffer, name: string): TlsServer {
  const certificate = inspectCertificate(pem);
  const commonName = certificate?.subjectCommonName ?? '';
  const fingerprint = certificate?.sha256.toString('hex').toUpperCase().match(/../g)?.join(':') ?? '';
  const isVerified = commonName === name;
  return { isVerified, problem: isVerified ? '' : `the certificate is not for ${name}`, fingerprint, commonName };
}
