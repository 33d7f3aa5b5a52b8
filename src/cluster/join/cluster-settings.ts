import type { ClusterMode } from '../cluster-modes.ts';

/** `voter` and `learner` run an engine of their own; `client` only uses those of the others. */
export type EngineRole = 'voter' | 'learner' | 'client';

/** How a server reaches the engine, and what part of it runs here. */
export interface EngineSettings {
  readonly role: EngineRole;
  /** `host:port` of every engine of the cluster, for clients. */
  readonly endpoints: readonly string[];
  /** What an engine of this server needs at its first start (etcd: `--initial-cluster`); empty for clients. */
  readonly initialCluster: string;
}

/** `<data>/cluster/cluster.json`: the part that this server plays in its cluster. */
export interface ClusterSettings {
  /** `controller`: it made the cluster. Who controls it now is decided among eligible servers. */
  readonly mode: Exclude<ClusterMode, 'standalone'>;
  /** 16 hex digits. */
  readonly clusterId: string;
  /** Common name of its certificate, and first part of the names of its members. */
  readonly serverName: string;
  /** May become the controller: it holds the key of the cluster's authority. */
  readonly isEligible: boolean;
  readonly engine: EngineSettings;
  /** Where the others reach it (bus, engine): as the controller saw it; IPv4 or IPv6 text. */
  readonly address: string;
  /** IPv4 text that clients are redirected to. */
  readonly publicAddress: string;
  readonly publicPorts: readonly number[];
  /** Where it joined; empty host for the one that made the cluster. */
  readonly controller: { readonly host: string; readonly port: number };
  /** 100 = normal. */
  readonly weight: number;
  readonly isControllerOnly: boolean;
  /** Unix milliseconds. */
  readonly joinedAtMs: number;
}
