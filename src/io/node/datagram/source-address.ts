import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { InterfaceAddress } from '../../datagram.ts';
import { IoError } from '../../errors.ts';
import { datagramError } from '../errno.ts';

/** Any port will do: nothing is sent. */
const PORT = 5060;

/** What the routing table of this machine says: a socket that is connected for a moment. @throws IoError UNREACHABLE */
export function sourceFor(remote: string): Promise<string> {
  const family = isIP(remote);
  if (family === 0) return Promise.reject(new IoError('BAD_ADDRESS', `"${remote}" is not an IP address`));
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  return new Promise<string>((resolve, reject) => {
    socket.once('error', (error) => reject(datagramError(remote, PORT, error)));
    socket.connect(PORT, remote, () => resolve(socket.address().address));
  }).finally(() => socket.close());
}

export function interfaceAddresses(): readonly InterfaceAddress[] {
  return Object.values(networkInterfaces())
    .flatMap((ofInterface) => ofInterface ?? [])
    .map(({ address, cidr }) => ({ address, prefixLength: Number(cidr?.split('/')[1] ?? 0) }));
}
