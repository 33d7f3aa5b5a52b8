import type { TransportName } from '../transport/transport-name.ts';

/** What a member does with messages that are not addressed to a particular one; Auto is resolved. */
export type FarmMode = 'member' | 'disabled' | 'relay';

/** A socket that a member listens on, as far as another member must know it. */
export interface FarmSocket {
  /** `Hop.socketId` there. */
  readonly id: number;
  readonly transport: TransportName;
  /** As bound: `0.0.0.0` and `::` = all addresses of that machine. */
  readonly address: string;
  readonly port: number;
}

/** A member that runs SIP, as this one sees it. Never changed: a change makes another object. */
export interface FarmMember {
  /** In branches and flow tokens: 1 to 16 of 0-9 a-z, the same after a restart. */
  readonly token: string;
  /** As bindings name it: `memberName` of its `MemberId`; empty on a server that stands alone. */
  readonly name: string;
  /** 32 bits, others after each start. Frames of a boot that nobody has heard of are not taken. */
  readonly boot: number;
  /** Those of one machine have the same: sockets on all its addresses are equal then. */
  readonly machine: string;
  /** Of its relay port: IPv4 or IPv6 text, no name. */
  readonly relayHost: string;
  readonly relayPort: number;
  /** Share of the work, 100 = normal; 0 = none that can go to others. */
  readonly weight: number;
  readonly mode: FarmMode;
  /** Its mode is member, it is ready and not draining: new work goes to it. */
  readonly isInFarm: boolean;
  /** Its link is up: what is addressed to it can be sent there. Of this member itself: true. */
  readonly isReachable: boolean;
  /** Those on addresses of the load balancer, too: an answer leaves by an equal one of any member. */
  readonly sockets: readonly FarmSocket[];
  /** Of its machine, without virtual ones: what sockets on all addresses are found at. */
  readonly addresses: readonly string[];
}

/** Who is there. All of it is synchronous: it is asked for every message. */
export interface FarmMembership {
  /** This member, as in `members`. */
  readonly self: FarmMember;
  /** All that run SIP, this one too, also those that are not in the farm; dead ones may be left out or said to be unreachable. */
  members(): readonly FarmMember[];
  /** Called after each change, with `self` and `members` as they are then. Returns the function that stops it. */
  onChange(changed: () => void): () => void;
}
