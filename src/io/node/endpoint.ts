import type { Socket } from 'node:net';
import type { Endpoint } from '../stream.ts';

const V4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The address as people write it: without a zone, IPv4 as IPv4 also on a socket that serves both families. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const bare = zone < 0 ? address : address.slice(0, zone);
  return V4_MAPPED.exec(bare)?.[1] ?? bare;
}

/** undefined if the connection has already gone. */
export function remoteOf(socket: Socket): Endpoint | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { address: plainAddress(remoteAddress), port: remotePort };
}

export const localOf = (socket: Socket): Endpoint => ({
  address: plainAddress(socket.localAddress ?? ''),
  port: socket.localPort ?? 0,
});
