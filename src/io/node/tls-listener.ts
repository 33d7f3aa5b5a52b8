import { createServer, type Server, type Socket } from 'node:net';
import type { RunningListener, TlsListenOptions } from '../listener.ts';
import type { Endpoint } from '../stream.ts';
import { plainAddress, remoteOf } from './endpoint.ts';
import { listenError } from './errno.ts';
import { DescriptorReserve } from './descriptor-reserve.ts';
import { Glances } from './glance.ts';
import { Incoming } from './incoming.ts';
import { MIN_TLS_VERSION, SecureContexts } from './secure-contexts.ts';
import type { SharedReceive } from './shared-receive.ts';
import { handleOf } from './socket-internals.ts';
import { notSentLowWaterSetter } from './socket-options.ts';
import { loadSystemCalls } from './system-calls.ts';
import type { TlsEngine } from './tls-engine/engine.ts';
import { EngineListener } from './tls-engine/engine-listener.ts';
import { ServerContexts } from './tls-engine/server-contexts.ts';

/** A log-in storm waits in the kernel, not in refusals (the kernel's own cap is net.core.somaxconn). */
const BACKLOG = 4096;
/** A client that vanished is noticed also where nobody writes to it. */
export const KEEP_ALIVE_MS = 60_000;
const TROUBLE_INTERVAL_MS = 1_000;

export async function listenTls(
  options: TlsListenOptions,
  shared: SharedReceive,
  engine: TlsEngine | undefined,
): Promise<RunningListener> {
  const contexts = new SecureContexts(options.identity);
  contexts.get(MIN_TLS_VERSION);
  const runtime = await RuntimeAcceptor.open(options, contexts, shared);
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    pauseOnConnect: runtime.takesUnread,
  });
  server.on('connection', (tcp) => runtime.accept(tcp));
  await listening(server, options);
  const trouble = limitTrouble(options);
  server.on('error', trouble);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = typeof address === 'object' && address !== null ? address.address : options.host;
  const native = engine && engineListener(engine, options, contexts, runtime, server);
  return {
    local: { address: plainAddress(host), port },
    close: () =>
      new Promise((resolve) => {
        // Streams that are up stay up: the server's own `close` event would wait for them.
        server.close();
        native?.close();
        runtime.stop('the listener is closing');
        setImmediate(resolve);
      }),
  };
}

/** Takes the listening socket over from the runtime, before that has accepted anything. undefined: it cannot be had. */
function engineListener(
  engine: TlsEngine,
  options: TlsListenOptions,
  checked: SecureContexts,
  runtime: RuntimeAcceptor,
  server: Server,
): EngineListener | undefined {
  const fd = handleOf(server)?.fd;
  if (fd === undefined || fd < 0 || !runtime.takesUnread) return undefined;
  try {
    const contexts = new ServerContexts(engine.native, checked, options.identity);
    contexts.get(MIN_TLS_VERSION);
    const { reserve, trouble } = runtime;
    const serve = (socket: Socket, remote: Endpoint): void => runtime.serve(socket, remote);
    const parts = { engine, options, contexts, reserve, trouble, serve, keepAliveMs: KEEP_ALIVE_MS };
    const listener = new EngineListener(parts, fd);
    server.close();
    return listener;
  } catch {
    return undefined;
  }
}

/** Serves connections with the TLS sockets of the runtime. */
class RuntimeAcceptor {
  readonly reserve = new DescriptorReserve();
  readonly trouble: (error: Error) => void;
  readonly #options: TlsListenOptions;
  readonly #contexts: SecureContexts;
  readonly #shared: SharedReceive;
  readonly #glances: Glances | undefined;
  readonly #setLowWater: ((tcp: Socket) => boolean) | undefined;
  readonly #incoming = new Set<Incoming>();

  static async open(
    options: TlsListenOptions,
    contexts: SecureContexts,
    shared: SharedReceive,
  ): Promise<RuntimeAcceptor> {
    const { notSentLowWaterBytes } = options;
    const setLowWater =
      notSentLowWaterBytes === undefined ? undefined : await notSentLowWaterSetter(notSentLowWaterBytes);
    const systemCalls = await loadSystemCalls();
    return new RuntimeAcceptor(options, contexts, shared, systemCalls && new Glances(systemCalls), setLowWater);
  }

  private constructor(
    options: TlsListenOptions,
    contexts: SecureContexts,
    shared: SharedReceive,
    glances: Glances | undefined,
    setLowWater: ((tcp: Socket) => boolean) | undefined,
  ) {
    this.trouble = limitTrouble(options);
    this.#options = options;
    this.#contexts = contexts;
    this.#shared = shared;
    this.#glances = glances;
    this.#setLowWater = setLowWater;
  }

  /** Connections must come without being read. */
  get takesUnread(): boolean {
    return this.#glances !== undefined;
  }

  accept(tcp: Socket): void {
    tcp.on('error', ignore);
    const remote = remoteOf(tcp);
    const shortage = this.reserve.refuse(tcp);
    if (shortage !== undefined) this.trouble(shortage);
    if (remote === undefined || shortage !== undefined || !this.#options.admit(remote)) {
      tcp.destroy();
      return;
    }
    this.#setLowWater?.(tcp);
    this.#begin(tcp, remote, this.#options);
  }

  /** One that was admitted and paced elsewhere. */
  serve(tcp: Socket, remote: Endpoint): void {
    tcp.on('error', ignore);
    this.#begin(tcp, remote, { ...this.#options, pace: (start) => start() });
  }

  stop(why: string): void {
    for (const connection of this.#incoming) connection.stop(why);
  }

  #begin(tcp: Socket, remote: Endpoint, options: TlsListenOptions): void {
    const connection = new Incoming(
      {
        options,
        contexts: this.#contexts,
        shared: this.#shared,
        glances: this.#glances,
        settled: () => this.#incoming.delete(connection),
      },
      tcp,
      remote,
    );
    this.#incoming.add(connection);
    connection.start();
  }
}

const ignore = (): void => undefined;

type Place = Pick<TlsListenOptions, 'host' | 'port' | 'reusePort' | 'troubled'>;

export function listening(server: Server, options: Place): Promise<void> {
  const { host, port, reusePort = false } = options;
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(host, port, error));
    server.once('error', failed);
    server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** At most once a second, whatever a flood of connections does. */
export function limitTrouble({ host, port, troubled }: Place): (error: Error) => void {
  let quietUntilMs = 0;
  return (error) => {
    const nowMs = performance.now();
    if (troubled === undefined || nowMs < quietUntilMs) return;
    quietUntilMs = nowMs + TROUBLE_INTERVAL_MS;
    troubled(listenError(host, port, error));
  };
}
