import { Pack } from './pack.ts';
import { messageOf } from './welcome.ts';

export const TICKET_BYTES = 20;
/** The original sends no more. */
const MAX_PORTS = 128;

/** "Log in over there." The client answers with one empty PACK, closes, and takes the ticket to that address. */
export interface Redirect {
  /** IPv4 text: the original reads no other. */
  readonly address: string;
  /** The client takes the one that it used here, if it is among them, else the first. */
  readonly ports: readonly number[];
  /** 20 bytes, already known to the other server. */
  readonly ticket: Buffer;
  /** DER of the other server's listener certificate; a wrong one ends the session at its second connection. */
  readonly certificateDer: Buffer;
  /** Empty = none. */
  readonly message: string;
}

export function encodeRedirect(redirect: Redirect): Pack {
  return new Pack()
    .setBool('Redirect', true)
    .setIp('Ip', redirect.address)
    .set('int', 'Port', redirect.ports.slice(0, MAX_PORTS))
    .setData('Ticket', redirect.ticket)
    .setData('Cert', redirect.certificateDer)
    .setData('Msg', Buffer.from(redirect.message));
}

export function isRedirect(pack: Pack): boolean {
  return pack.bool('Redirect');
}

/** Undefined if there is no address, no usable port or no ticket. */
export function decodeRedirect(pack: Pack): Redirect | undefined {
  const address = pack.ip('Ip');
  const ports = pack
    .values('int', 'Port')
    .slice(0, MAX_PORTS)
    .filter((port) => port > 0 && port < 65_536);
  const ticket = Buffer.from(pack.data('Ticket'));
  if (address === undefined || ports.length === 0 || ticket.length !== TICKET_BYTES) return undefined;
  return { address, ports, ticket, certificateDer: Buffer.from(pack.data('Cert')), message: messageOf(pack) };
}
