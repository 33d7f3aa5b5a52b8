import type { Logger } from '#base';
import type { Bus } from '#cluster';
import type { Clock, Datagram, Random } from '#io';
import type { LocalSocket } from '../transport/local-sockets.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { AccountPlaces } from './account-places.ts';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMembership } from './farm-membership.ts';
import type { OwnerLookup } from './owner-lookup.ts';

/** Read each time: they may change. */
export interface FarmSettings {
  /**
   * How the load balancer in front changes packets. `nat`: whatever leaves by the SIP port of any member gets the balancer's
   * address, so every member can answer what another one has accepted. `none`, `dsr`: only from an equal socket.
   */
  readonly balancer: 'none' | 'nat' | 'dsr';
  /** RFC 3261 T1: work begun under an earlier set of members is looked for during 64 × T1. */
  readonly t1Ms: number;
  /** How long an INVITE may ring: CANCEL and ACK are looked for during that time, too. */
  readonly timerCMs: number;
  /** Members with farm = relay send there through another member. Absent: everything that is not one of the members' machines. */
  readonly isOutside?: (address: string) => boolean;
}

/** The sockets of this member. */
export interface FarmSockets extends TransportLayer {
  /** Those that listen now. The same array until one is added or removed. */
  listening(): readonly LocalSocket[];
  /** Host and port are of this very server, and of no other: no name, no virtual address. */
  isThisServer(host: string, port: number | undefined): boolean;
}

export interface FarmServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly membership: FarmMembership;
  /** Not the traced one around the server, but with the trace inside: each message is seen where it passes a socket. */
  readonly transport: FarmSockets;
  /** Bound to the relay port of this member; the farm reads it, its maker closes it. */
  readonly relayPort: Datagram;
  /** For what came by a connection and for what is too long for a datagram. Absent: no member is on another bus. */
  readonly bus?: Pick<Bus, 'send' | 'serve'>;
  /** The farm's (`cfg/sip/secret`), 16 bytes or more. */
  readonly secret: Uint8Array;
  /** Absent: registrations are worked on like calls, by the owner of their Call-ID. */
  readonly accounts?: AccountPlaces | undefined;
  readonly settings: FarmSettings;
  /** Told of requests by UDP that this member answers, where any member's socket is as good: relayed to it; which one it is. */
  readonly answering?: ((isRelayed: boolean, mark: number) => void) | undefined;
}

/** What makes a SIP server one of many. */
export interface Farm {
  /** For `SipServices.owner`. */
  readonly owner: OwnerLookup;
  /** For `SipServices.transport`: the sockets of all members. */
  readonly transport: TransportLayer;
  readonly figures: FarmFigures;
  /** From now on nothing is taken from or sent to other members. */
  stop(): void;
}
