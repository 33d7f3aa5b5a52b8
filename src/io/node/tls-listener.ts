import { createServer, type Server, type Socket } from 'node:net';
import type { RunningListener, TlsListenOptions } from '../listener.ts';
import { plainAddress, remoteOf } from './endpoint.ts';
import { listenError } from './errno.ts';
import { DescriptorReserve } from './descriptor-reserve.ts';
import { Glances } from './glance.ts';
import { Incoming } from './incoming.ts';
import { MIN_TLS_VERSION, SecureContexts } from './secure-contexts.ts';
import type { SharedReceive } from './shared-receive.ts';
import { notSentLowWaterSetter } from './socket-options.ts';
import { loadSystemCalls } from './system-calls.ts';

/** A log-in storm waits in the kernel, not in refusals (the kernel's own cap is net.core.somaxconn). */
const BACKLOG = 4096;
/** A client that vanished is noticed also where nobody writes to it. */
export const KEEP_ALIVE_MS = 60_000;
const TROUBLE_INTERVAL_MS = 1_000;

export async function listenTls(options: TlsListenOptions, shared: SharedReceive): Promise<RunningListener> {
  const contexts = new SecureContexts(options.identity);
  contexts.get(MIN_TLS_VERSION);
  const { notSentLowWaterBytes } = options;
  const setLowWater =
    notSentLowWaterBytes === undefined ? undefined : await notSentLowWaterSetter(notSentLowWaterBytes);
  const systemCalls = await loadSystemCalls();
  const glances = systemCalls && new Glances(systemCalls);
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    pauseOnConnect: glances !== undefined,
  });
  const incoming = new Set<Incoming>();
  const reserve = new DescriptorReserve();
  const trouble = limitTrouble(options);
  server.on('connection', (tcp) => accept(tcp));
  await listening(server, options);
  server.on('error', trouble);

  function accept(tcp: Socket): void {
    tcp.on('error', ignore);
    const remote = remoteOf(tcp);
    const shortage = reserve.refuse(tcp);
    if (shortage !== undefined) trouble(shortage);
    if (remote === undefined || shortage !== undefined || !options.admit(remote)) {
      tcp.destroy();
      return;
    }
    setLowWater?.(tcp);
    const connection = new Incoming(
      { options, contexts, shared, glances, settled: () => incoming.delete(connection) },
      tcp,
      remote,
    );
    incoming.add(connection);
    connection.start();
  }

  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = typeof address === 'object' && address !== null ? address.address : options.host;
  return {
    local: { address: plainAddress(host), port },
    close: () =>
      new Promise((resolve) => {
        // Streams that are up stay up: the server's own `close` event would wait for them.
        server.close();
        for (const connection of incoming) connection.stop('the listener is closing');
        setImmediate(resolve);
      }),
  };
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
