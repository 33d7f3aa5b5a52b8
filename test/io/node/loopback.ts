import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { ByteStream, Network, RunningListener, ServerIdentity, TlsDialOptions, TlsListenOptions } from '#io';
import { createNodeCertificates, createNodeClock, createNodeNetwork } from '#io/node';

const identities = new Map<string, Promise<ServerIdentity>>();

/** Made once for all tests of a file. */
export function testIdentity(keyType: 'ecdsa-p256' | 'rsa-2048' = 'ecdsa-p256'): Promise<ServerIdentity> {
  const known = identities.get(keyType);
  if (known !== undefined) return known;
  const made = createNodeCertificates(createNodeClock()).makeSelfSigned({ hostName: 'server.example', keyType });
  identities.set(keyType, made);
  return made;
}

export interface Abandoned {
  readonly address: string;
  readonly why: string;
}

export interface TestListener {
  readonly listener: RunningListener;
  readonly port: number;
  readonly abandoned: Abandoned[];
  /** The next stream that is connected. */
  accepted(): Promise<ByteStream>;
  /** Resolves when one more connection was abandoned. */
  abandonedOne(): Promise<Abandoned>;
}

/** Listens on a free port of the loopback address until the test ends. */
export async function listen(
  options: Partial<TlsListenOptions> = {},
  network: Network = createNodeNetwork(),
): Promise<TestListener> {
  const identity = await testIdentity();
  const streams = new Inbox<ByteStream>();
  const reports = new Inbox<Abandoned>();
  const abandoned: Abandoned[] = [];
  const listener = await network.listenTls({
    host: '127.0.0.1',
    port: 0,
    identity: () => identity,
    handshakeTimeoutMs: 5_000,
    admit: () => true,
    abandoned: ({ address }, why) => {
      abandoned.push({ address, why });
      reports.put({ address, why });
    },
    connected: (stream) => streams.put(stream),
    ...options,
  });
  onTestFinished(() => listener.close());
  return {
    listener,
    port: listener.local.port,
    abandoned,
    accepted: () => streams.take(),
    abandonedOne: () => reports.take(),
  };
}

/** Hands things from callbacks to tests that wait for them, in order. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  put(item: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  take(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}

export interface StreamPair {
  readonly server: ByteStream;
  readonly client: ByteStream;
  readonly listener: TestListener;
}

export interface PairOptions {
  readonly network?: Network;
  readonly listen?: Partial<TlsListenOptions>;
  readonly dial?: Partial<TlsDialOptions>;
  /** Something to connect through: gets the listener's port, gives its own. */
  readonly between?: (port: number) => Promise<number>;
}

/** Two ends of a real TLS connection over the loopback interface. */
export async function connectedPair(options: PairOptions = {}): Promise<StreamPair> {
  const network = options.network ?? createNodeNetwork();
  const listener = await listen(options.listen, network);
  const port = (await options.between?.(listener.port)) ?? listener.port;
  const dialled = network.dial({ host: '127.0.0.1', port, timeoutMs: 5_000, tls: true, ...options.dial });
  const [client, server] = await Promise.all([dialled, listener.accepted()]);
  onTestFinished(() => {
    client.destroy();
    server.destroy();
  });
  return { server, client, listener };
}

export const event = async (emitter: NodeJS.EventEmitter, name: string): Promise<unknown> =>
  ((await once(emitter, name)) as unknown[])[0];
