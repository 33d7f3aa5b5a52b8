import type { EngineEndpoint } from '#backplane';
import { asServerName, isServerName, type ClusterMode, type ClusterSettings } from '#cluster';
import type { MutualTlsIdentity } from '#io';
import type { Config } from '../config/sections.ts';
import type { OwnRecords } from '../member/own-records.ts';

/** The part that this server plays, as all its members know it; it may travel to another thread. */
export interface ClusterPart {
  readonly mode: ClusterMode;
  /** Members of another cluster are not spoken with. */
  readonly clusterId: string;
  readonly serverName: string;
  /** Where other servers reach its bus; empty: there are no others. */
  readonly address: string;
  /** IPv4 text that clients are redirected to; empty: where they have reached this server. */
  readonly publicAddress: string;
  /** undefined = those of the listeners. */
  readonly publicPorts: readonly number[] | undefined;
  readonly weight: number;
  readonly isEligible: boolean;
  readonly isControllerOnly: boolean;
  /** Unix milliseconds. */
  readonly joinedAtMs: number;
  /** As it is at the start. undefined = no other server: the store is the one on this server's disk. */
  readonly remote: RemoteCluster | undefined;
}

/** What changes while this server runs: its certificate is renewed, engines come and go. */
export interface RemoteCluster {
  /** Where the engines answer, that of this server first. */
  readonly endpoints: readonly EngineEndpoint[];
  /** What this server shows to others. */
  readonly identity: MutualTlsIdentity;
}

const normalWeight = 100;

/** A server that stands alone: its members, where it has several, are a cluster of threads. */
export function partAlone(config: Config, { serverId, hostName }: OwnRecords, nowMs: number): ClusterPart {
  const { publicAddress, publicPorts, weight = normalWeight } = config.cluster;
  return {
    mode: 'standalone',
    clusterId: serverId,
    serverName: serverNameOf(hostName),
    address: '',
    publicAddress,
    publicPorts,
    weight,
    isEligible: true,
    isControllerOnly: false,
    joinedAtMs: nowMs,
    remote: undefined,
  };
}

/** What the configuration says goes before what was said when the server joined. */
export function partIn(config: Config, settings: ClusterSettings, remote: RemoteCluster): ClusterPart {
  const { publicAddress, publicPorts, weight, controllerOnly } = config.cluster;
  return {
    mode: settings.mode,
    clusterId: settings.clusterId,
    serverName: settings.serverName,
    address: settings.address,
    publicAddress: publicAddress === '' ? settings.publicAddress : publicAddress,
    publicPorts: publicPorts ?? settings.publicPorts,
    weight: weight ?? settings.weight,
    isEligible: settings.isEligible,
    isControllerOnly: controllerOnly === 'set' ? settings.isControllerOnly : controllerOnly === 'yes',
    joinedAtMs: settings.joinedAtMs,
    remote,
  };
}

/** The host name as the name of a server, whatever characters it has. */
function serverNameOf(hostName: string): string {
  const name = asServerName(hostName);
  return isServerName(name) ? name : 'hubfarm';
}
