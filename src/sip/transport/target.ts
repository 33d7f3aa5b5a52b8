import type { Hop } from './hop.ts';
import type { TransportName } from './transport-name.ts';

/** Where to send a request. */
export interface Target {
  readonly transport: TransportName;
  /** IPv4 or IPv6 text; IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** The socket that it must leave by (`Hop.socketId`). Absent: one that fits. */
  readonly socketId?: number;
  /** The connection that it must leave by, and no other (RFC 5626 §5.3). Absent: one that is up, or a new one. */
  readonly connectionId?: number;
  /** Token of the member of the farm whose socket or connection that is. Absent: this one. */
  readonly member?: string;
  /** The name that the other side's certificate must have (RFC 5922); absent: its address. */
  readonly tlsName?: string;
}

/** The flow that a message came by, as a place to send requests to. */
export function targetOf({ transport, remoteAddress, remotePort, socketId, connectionId, holder }: Hop): Target {
  const flow = connectionId === 0 ? {} : { connectionId };
  const target = { transport, address: remoteAddress, port: remotePort, socketId, ...flow };
  return holder === undefined ? target : { ...target, member: holder.token };
}
