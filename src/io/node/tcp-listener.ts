import { createServer, type Socket } from 'node:net';
import type { RunningListener, TcpListenOptions } from '../listener.ts';
import { DescriptorReserve } from './descriptor-reserve.ts';
import { plainAddress, remoteOf } from './endpoint.ts';
import type { SharedReceive } from './shared-receive.ts';
import { SocketStream } from './socket-stream.ts';
import { KEEP_ALIVE_MS, limitTrouble, listening } from './tls-listener.ts';

/** A listener whose connections carry bytes as they are. */
export async function listenTcp(options: TcpListenOptions, shared: SharedReceive): Promise<RunningListener> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  const reserve = new DescriptorReserve();
  const trouble = limitTrouble(options);
  server.on('connection', (tcp: Socket) => {
    tcp.on('error', ignore);
    const remote = remoteOf(tcp);
    const shortage = reserve.refuse(tcp);
    if (shortage !== undefined) trouble(shortage);
    if (remote === undefined || shortage !== undefined || !options.admit(remote)) tcp.destroy();
    else options.connected(new SocketStream({ tcp, tls: undefined, shared }));
  });
  await listening(server, options);
  server.on('error', trouble);
  const bound = server.address();
  const at = typeof bound === 'object' && bound !== null ? bound : { address: options.host, port: options.port };
  return {
    local: { address: plainAddress(at.address), port: at.port },
    close: () =>
      new Promise((resolve) => {
        // Connections that are up stay up: the server's own `close` event would wait for them.
        server.close();
        setImmediate(resolve);
      }),
  };
}

const ignore = (): void => undefined;
