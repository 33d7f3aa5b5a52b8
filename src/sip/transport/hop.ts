import type { Endpoint } from '#io';
import type { TransportName } from './transport-name.ts';

/**
 * Where a message came from, and on what: the flow on which its sender can be answered (RFC 5626 §3.1). Those of UDP are
 * kept by remote address, so that a datagram makes none: two messages of one sender have the same hop.
 */
export interface Hop {
  readonly transport: TransportName;
  /** Of the socket, or of our end of the connection. */
  readonly local: Endpoint;
  /** The listening socket that it came in by; 0 = a connection that we opened. */
  readonly socketId: number;
  /** IPv4 or IPv6 text; IPv6 without brackets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Never used twice; 0 for UDP. */
  readonly connectionId: number;
  /** The clock's time of its latest message. */
  readonly receivedMs: number;
  /** The member of the farm whose socket it is. Absent: this one. */
  readonly holder?: FlowHolder;
}

/** A member that holds a socket or connection. */
export interface FlowHolder {
  /** As in branches and flow tokens. */
  readonly token: string;
  /** As bindings name it. */
  readonly name: string;
}

/** Text of a flow, for logs and traces: `udp 192.0.2.1:5060`. */
export function hopText({ transport, remoteAddress, remotePort }: Hop): string {
  return `${transport} ${addressAndPort(remoteAddress, remotePort)}`;
}

export const addressAndPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
