import type { Logger } from '#base';
import type { ByteStream, CertificateAuthorities, Clock, Network, Random, ServerIdentity } from '#io';
import type { ClusterEngine } from './cluster-engine.ts';
import type { Hello, MemberMessage } from './codec/member-message.ts';
import type { JoinChannel } from './join-channel.ts';
import type { ServerRegistry } from './server-registry.ts';

/** The cluster that this server controls at this moment. */
export interface DeskCluster {
  readonly clusterId: string;
  /** SHA-0 of the administration password. */
  hashedPassword(): Buffer;
  /** The authority that signs, with its key. */
  authority(): ServerIdentity;
  /** All authorities that are believed, PEM: more than one while one is replaced. */
  authorityPem(): string;
  readonly registry: ServerRegistry;
  readonly engine: ClusterEngine;
  /** Absent: nobody sells licences. */
  readonly licences?: LicenceDesk;
  /** Servers that run, with the address under which the bus reaches them. */
  liveServers(): readonly { readonly serverName: string; readonly address: string }[];
}

/** The licences of the cluster, each of which is for one server. */
export interface LicenceDesk {
  /** Why a server with these cannot join under this name; undefined = it can. */
  problem(serverName: string, lines: readonly string[]): string | undefined;
  /** From now on they are the cluster's, for that server. */
  adopt(serverName: string, lines: readonly string[]): Promise<void>;
  /** That server has gone, and takes its licences along. */
  release(serverName: string): Promise<void>;
}

/** What this server is to somebody who wants to join. */
export type DeskStanding =
  | { readonly kind: 'standalone' }
  /** Who the controller is, as text for people; undefined = nobody known. */
  | { readonly kind: 'member'; readonly controller: string | undefined }
  | { readonly kind: 'notReady'; readonly why: string }
  | { readonly kind: 'controller'; readonly cluster: DeskCluster };

export interface JoinDeskDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Reaches the public ports of newcomers. */
  readonly network: Pick<Network, 'dial'>;
  readonly authorities: CertificateAuthorities;
  /** Of the product. */
  readonly version: string;
  standing(): DeskStanding;
}

/** What the parts of an admission work with. */
export interface Visit {
  readonly stream: ByteStream;
  readonly channel: JoinChannel<MemberMessage>;
  readonly hello: Hello;
  /** See `sessionBinding`. */
  readonly session: Buffer;
  /** Lower-case names that other visits to this desk are being let in under. */
  readonly namesInHand: Set<string>;
}
