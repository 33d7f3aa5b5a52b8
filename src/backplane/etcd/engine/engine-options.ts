import type { Logger } from '#base';
import type { Clock, Commands, Files, Http2Dialer, MutualTlsIdentity, Processes } from '#io';

export const enginePorts = { client: 5568, peer: 5569 } as const;

/** One voter (or learner) as the others reach it. */
export interface EnginePeer {
  /** The server's name. */
  readonly name: string;
  readonly host: string;
  readonly peerPort: number;
}

export interface EngineTlsFiles {
  /** For the client port, and for our own questions to it: both server and client use, made out to `host`. */
  readonly client: MutualTlsIdentity;
  /**
   * For the peer port: server and client use. All voters' certificates carry the same common name, which only they get:
   * nobody else of the cluster may speak to the peer port.
   */
  readonly peer: MutualTlsIdentity;
}

export interface EngineOptions {
  /** The server's name. */
  readonly name: string;
  /** Its own: the engine's data, its certificates and its process number. Made if it is not there. */
  readonly directory: string;
  /** Where others reach it: a name or address that is in both certificates. */
  readonly host: string;
  /** Absent = all addresses. */
  readonly listenHost?: string;
  readonly clientPort?: number;
  readonly peerPort?: number;
  /** What the certificate of the client port is held against by ourselves; absent = `host`. */
  readonly serverName?: string;
  readonly tls: EngineTlsFiles;
  /** The same at all voters of a cluster, and in no other cluster: its id. */
  readonly clusterId: string;
  /**
   * Counts only as long as `directory` holds no data. `new`: the first of a cluster. A list: all voters and learners of a
   * cluster that has already taken us in (`EngineAdministration.addLearner`), with ourselves.
   */
  readonly join: 'new' | readonly EnginePeer[];
  /** Path of etcd; absent = `etcd` in PATH. */
  readonly program?: string;
  readonly processes: Processes;
  readonly commands: Commands;
  readonly files: Files;
  readonly http2: Http2Dialer;
  readonly clock: Clock;
  readonly logger: Logger;
}
