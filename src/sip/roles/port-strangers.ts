import { IoError, type Datagrams } from '#io';
import { addressAndPort } from '../transport/hop.ts';
import type { SipListenAddress, SipListenerStatus } from '../transport/settings.ts';
import type { FarmWarning } from './resolve-farm.ts';

/** Places whose UDP port some program has already. To be asked before any member of this server has opened one. */
export async function takenPlaces(
  datagrams: Pick<Datagrams, 'bind'>,
  places: readonly SipListenAddress[],
): Promise<readonly SipListenAddress[]> {
  const taken: SipListenAddress[] = [];
  for (const place of places) {
    try {
      const socket = await datagrams.bind({ host: place.host ?? '0.0.0.0', port: place.port });
      socket.close();
    } catch (error) {
      if (error instanceof IoError && error.code === 'ADDRESS_IN_USE') taken.push(place);
    }
  }
  return taken;
}

/**
 * Ports that members share can be shared by another server of the same user, too, without an error: it then gets a part of
 * the messages. Undefined: there is none.
 */
export function strangerWarning(
  taken: readonly SipListenAddress[],
  listeners: readonly SipListenerStatus[],
): FarmWarning | undefined {
  const shared = taken.filter(({ host, port }) =>
    listeners.some((one) => one.transport === 'udp' && one.host === host && one.port === port && one.isListening),
  );
  if (shared.length === 0) return undefined;
  const where = shared.map(({ host = '*', port }) => addressAndPort(host, port)).join(', ');
  return {
    code: 'port-shared',
    text: `another program listens on UDP ${where}, too, and takes a part of the messages; another hubfarm of the same user? Give one of them another port`,
  };
}
