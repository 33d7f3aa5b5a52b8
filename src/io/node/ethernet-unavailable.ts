import { IoError } from '../errors.ts';
import type { EthernetDevices } from '../ethernet.ts';

/** Where there is neither TAP nor AF_PACKET: every call says why. */
export function ethernetUnavailable(why: string): EthernetDevices {
  const refuse = (): Promise<never> => Promise.reject(new IoError('OTHER', why));
  return { list: () => Promise.resolve([]), openTap: refuse, openInterface: refuse, configure: refuse };
}
