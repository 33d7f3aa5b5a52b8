import type { Socket } from 'node:net';
import { handleOf } from './socket-internals.ts';
import { loadSystemCalls } from './system-calls.ts';

/** <netinet/tcp.h>, Linux. */
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const TCP_NOTSENT_LOWAT = 25;

/** Options of TCP sockets that the runtime has no name for. False = the socket has gone, or the system refused. */
export interface SocketOptions {
  /**
   * The kernel takes no more while this much is not even sent, so what waits, waits in our queues, where it can be
   * dropped or overtaken.
   */
  setNotSentLowWater(socket: Socket, bytes: number): boolean;
  /** The connection fails when what was sent (also by TCP keep-alive) is not acknowledged for so long. */
  setUserTimeout(socket: Socket, ms: number): boolean;
}

/** undefined where this machine cannot do it. */
export async function loadSocketOptions(): Promise<SocketOptions | undefined> {
  if (process.platform !== 'linux') return undefined;
  const systemCalls = await loadSystemCalls();
  if (systemCalls === undefined) return undefined;
  const set = (socket: Socket, option: number, value: number): boolean => {
    const fd = handleOf(socket)?.fd;
    if (fd === undefined || fd < 0) return false;
    return systemCalls.setSocketOption(fd, IPPROTO_TCP, option, value) === 0;
  };
  return {
    setNotSentLowWater: (socket, bytes) => set(socket, TCP_NOTSENT_LOWAT, bytes),
    setUserTimeout: (socket, ms) => set(socket, TCP_USER_TIMEOUT, ms),
  };
}

/** The function that sets TCP_NOTSENT_LOWAT to `bytes`. undefined where this machine cannot do it. */
export async function notSentLowWaterSetter(bytes: number): Promise<((socket: Socket) => boolean) | undefined> {
  const options = await loadSocketOptions();
  return options && ((socket) => options.setNotSentLowWater(socket, bytes));
}
