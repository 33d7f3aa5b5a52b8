import type { Socket } from 'node:net';
import { handleOf } from './socket-internals.ts';
import { loadSystemCalls } from './system-calls.ts';

/** <netinet/tcp.h>, Linux. */
const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;

/**
 * The function that sets TCP_NOTSENT_LOWAT to `bytes`: the kernel takes no more while this much is not even sent, so what
 * waits, waits in our queues, where it can be dropped or overtaken. undefined where this machine cannot do it.
 */
export async function notSentLowWaterSetter(bytes: number): Promise<((socket: Socket) => boolean) | undefined> {
  if (process.platform !== 'linux') return undefined;
  const systemCalls = await loadSystemCalls();
  if (systemCalls === undefined) return undefined;
  return (socket) => {
    const fd = handleOf(socket)?.fd;
    if (fd === undefined || fd < 0) return false;
    return systemCalls.setSocketOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes) === 0;
  };
}
