import type { EngineSettings } from './cluster-settings.ts';

/** A server that asks to be let in. Addresses are IPv4 or IPv6 text. */
export interface EngineCandidate {
  readonly serverName: string;
  /** Where its engine would listen for the others. */
  readonly address: string;
  /** 0 = it cannot run an engine (none installed): it becomes a client. */
  readonly peerPort: number;
  readonly clientPort: number;
}

/**
 * What joining needs of the engine (etcd). The supervisor in `#backplane` is fitted to it by app.
 * Every call may throw a HubfarmError that names what failed; the step is then taken back.
 */
export interface ClusterEngine {
  /** What can run here: ports of the own engine, or why there is none. */
  readonly local: { readonly peerPort: number; readonly clientPort: number } | { readonly missing: string };
  /** Finds that out, again where it was missing; it takes a moment after the start. */
  look(): Promise<void>;
  /**
   * On the server that makes the cluster: first engine, authentication and roles, this server's own user. Its certificate
   * and the authority are in `ClusterState` already. Leaves it running or stopped, as it likes: `restart` follows.
   */
  create(self: EngineCandidate): Promise<EngineSettings>;
  /** At the controller: user and rights for the newcomer's certificate, place for its engine. Repeating it is harmless. */
  admit(candidate: EngineCandidate): Promise<EngineSettings>;
  /** At the controller: takes back `admit`, or removes a server that left or died. Nothing to do = resolves. */
  expel(serverName: string): Promise<void>;
  /** At the controller: this server may write the configuration and be elected. */
  makeEligible(serverName: string): Promise<void>;
  /** On this server: deletes what its engine kept. Its engine does not run. */
  erase(): Promise<void>;
}
