import type { Clock } from '../../clock.ts';
import { DatagramMediaSockets } from '../../datagram-media-sockets.ts';
import type { MediaSockets } from '../../media-sockets.ts';
import { createPlainDatagrams } from '../datagram/datagrams.ts';
import { EpollMediaSockets } from './epoll-media-sockets.ts';
import { loadNative } from './native.ts';

/** Media sockets of this loop: one epoll where native calls are to be had (Linux with koffi), else the runtime's sockets. */
export async function createNodeMediaSockets(clock: Clock, gatherFrom?: number): Promise<MediaSockets> {
  try {
    return new EpollMediaSockets(await loadNative(), clock, gatherFrom);
  } catch {
    return createPlainMediaSockets(clock);
  }
}

export function createPlainMediaSockets(clock: Clock): MediaSockets {
  return new DatagramMediaSockets(createPlainDatagrams(), clock);
}
