import { defaultPortRange, type PortRange } from './port-pool.ts';

/** When media go through this server. */
export type RelayPolicy = 'auto' | 'always' | 'never';

/** What an administrator sets of the media proxy, in the units of the configuration file. */
export interface MediaConfig {
  readonly ports: PortRange;
  readonly relay: RelayPolicy;
  /** Forwarding by nftables where that is possible. */
  readonly kernel: 'auto' | 'off';
  /** When nothing comes from either side of a call that is up for so long, its media end. */
  readonly timeoutS: number;
  /** The same while the call is on hold. */
  readonly heldTimeoutS: number;
  /** A drain waits at most so long for calls whose media go through the server. */
  readonly drainS: number;
  /** The same for an orderly stop; 0: it does not wait. */
  readonly stopS: number;
  /** A call whose media should be relayed, and no port is left: it goes on with media directly, or gets 503. */
  readonly whenFull: 'pass' | 'refuse';
  /** Of this machine, that media use instead of those that lead to the other side; at most one of each family. */
  readonly addresses: readonly string[];
  /** The byte of IP_TOS; undefined = as the system does. */
  readonly tos: number | undefined;
}

export const defaultMediaConfig: MediaConfig = Object.freeze({
  ports: defaultPortRange,
  relay: 'auto',
  kernel: 'auto',
  timeoutS: 60,
  heldTimeoutS: 3600,
  drainS: 3600,
  stopS: 0,
  whenFull: 'pass',
  addresses: [],
  tos: 0xb8,
});

/** How places inside and outside are told apart, and what those outside are told. It may change at run time. */
export interface MediaFace {
  /** Server-wide where that is set, else cluster-wide; empty: none. */
  readonly wanAddress: string;
  /** `192.0.2.0/24`, …; empty: those that are not routed in the Internet. */
  readonly lanNetworks: readonly string[];
}
