import { isLoopback, parseIpAddress, reasonOf, type Logger } from '#base';
import type { Datagram, Datagrams } from '#io';
import { addressAndPort } from '../transport/hop.ts';

/** Where other members hand messages over. */
export interface RelayPlace {
  /** The address to bind; undefined = where the others reach this server, else every address. */
  readonly host: string | undefined;
  /** 0 = any free one. */
  readonly port: number;
  /** Where the others reach this server; empty: they are threads of it. */
  readonly announced: string;
}

export interface RelayPort {
  readonly socket: Datagram;
  /** Told to the others. */
  readonly host: string;
  readonly port: number;
  /** What an administrator should know of it; empty: nothing. */
  readonly warning: string;
}

const anyAddress = ['0.0.0.0', '::'];
const receiveBufferBytes = 4_194_304;

/** The socket for frames between members. Where its port is taken it gets another one: the others learn which. */
export async function openRelayPort(
  { datagrams, logger }: { readonly datagrams: Datagrams; readonly logger: Logger },
  place: RelayPlace,
): Promise<RelayPort> {
  const host = bindAddress(datagrams, place);
  const announced = announcedAddress(datagrams, place, host);
  const bind = (port: number): Promise<Datagram> => datagrams.bind({ host, port, receiveBufferBytes });
  try {
    const socket = await bind(place.port);
    return { socket, host: announced, port: socket.local.port, warning: '' };
  } catch (error) {
    if (place.port === 0) throw error;
    const socket = await bind(0);
    const warning = `other members cannot send to ${addressAndPort(host, place.port)} (${reasonOf(error)}); they are told port ${socket.local.port}, which a firewall may not let through: free the port, or set sip.relayListen`;
    logger.warn({ err: error, port: socket.local.port }, warning);
    return { socket, host: announced, port: socket.local.port, warning };
  }
}

/** An own address before all of them: the less can be reached from outside. */
function bindAddress(datagrams: Datagrams, { host, announced }: RelayPlace): string {
  if (host !== undefined && parseIpAddress(host) !== undefined) return host;
  if (announced === '') return '127.0.0.1';
  const isHere = isLoopback(announced) || datagrams.interfaceAddresses().some(({ address }) => address === announced);
  if (isHere) return announced;
  return announced.includes(':') ? '::' : '0.0.0.0';
}

/** Never a name: it is used for every message. */
function announcedAddress(datagrams: Datagrams, { announced }: RelayPlace, bound: string): string {
  if (!anyAddress.includes(bound)) return bound;
  if (parseIpAddress(announced) !== undefined) return announced;
  const first = datagrams.interfaceAddresses().find(({ address }) => !isLoopback(address) && !address.includes(':'));
  return first?.address ?? '127.0.0.1';
}
