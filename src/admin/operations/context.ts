import type { Ban, Logger } from '#base';
import type { Clock, HostNetwork, LogFiles, ServerIdentity } from '#io';
import type { Backplane } from '#backplane';
import type { BridgeRecord, BridgeStatus, HubDirectory, HubHost, Statistics } from '#hub';
import type { ClusterMode, ClusterModes, ClusterTasks } from '#cluster';
import type { ConnectionInfo } from '#softether';
import type { LicenceDirectory } from '../licences/licence-directory.ts';
import type { MemberCalls } from '../cluster/member-calls.ts';
import type { AuditLog } from './audit-log.ts';
import type { SipControl } from './sip-control.ts';

/** Everything that operations act on. app supplies it. */
export interface AdminContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly directory: HubDirectoryControl;
  readonly host: HubHostControl;
  readonly server: ConnectionControl;
  readonly listeners: ListenerControl;
  readonly identity: IdentityControl;
  readonly adminPassword: AdminPasswordControl;
  readonly bridges: BridgeControl;
  readonly backplane: Backplane;
  /** Prefix of the keys under which this server keeps what is its own: certificate, password, listeners. */
  readonly ownKeys: string;
  readonly info: ServerFacts;
  /** Absent: nothing is known of licences, and nothing is limited. */
  readonly licences?: LicenceDirectory;
  /** Absent: no log can be read from here. */
  readonly logs?: LogFiles;
  /** Absent: a server that cannot be part of a cluster. */
  readonly cluster?: ClusterControl;
  /** Absent: a server without SIP, or whose accounts are not at hand yet. */
  readonly sip?: SipControl | undefined;
  /** Absent: nothing is known of the network of this host. */
  readonly hostNetwork?: HostNetwork;
}

export interface ClusterControl {
  readonly modes: ClusterModes;
  /** init, join, leave … with their progress; absent where they are not to be had. */
  readonly tasks?: ClusterTasks;
  /** Writes all configuration to a new file beside the store, before a change of part; resolves with its path. */
  backUp(to: ClusterMode): Promise<string>;
  /** Absent: a server of one member, in no cluster. */
  readonly members?: MemberCalls;
  /** What all members together have counted, as the controller knows it; absent where only this member counts. */
  readonly statistics?: ClusterStatistics;
}

export interface ClusterStatistics {
  /** Of a hub, or of one of its users. */
  of(owner: { readonly hubName: string; readonly userName?: string }): Statistics;
}

export type HubDirectoryControl = Pick<
  HubDirectory,
  | 'hubs'
  | 'hub'
  | 'users'
  | 'userCount'
  | 'user'
  | 'createHub'
  | 'updateHub'
  | 'deleteHub'
  | 'createUser'
  | 'updateUser'
  | 'deleteUser'
>;

export type HubHostControl = Pick<HubHost, 'instance' | 'instances' | 'hubStatistics' | 'userStatistics'>;

/** The SoftEther server's connections and bans. */
export interface ConnectionControl {
  connections(): readonly ConnectionInfo[];
  connection(name: string): ConnectionInfo | undefined;
  /** False: there is no such connection. */
  disconnect(name: string): boolean;
  bans(): readonly Ban[];
  /** Address, `HUB/user` or user name. False: nothing was banned under it. */
  liftBan(addressOrUser: string): boolean;
}

export interface ListenerControl {
  list(): readonly { readonly port: number; readonly isEnabled: boolean; readonly error: string | undefined }[];
  /** Errors: LISTENER_EXISTS. A port that cannot be opened is no error: `list` shows it. */
  create(port: number, isEnabled: boolean): Promise<void>;
  /** Errors: LISTENER_NOT_FOUND. */
  delete(port: number): Promise<void>;
  /** Errors: LISTENER_NOT_FOUND. */
  enable(port: number, isEnabled: boolean): Promise<void>;
}

export interface IdentityControl {
  current(): ServerIdentity;
  /** Takes effect for new connections. The key belongs to the certificate: that was checked. */
  replace(identity: ServerIdentity): Promise<void>;
  /** A new key and a self-signed certificate of this common name. */
  regenerate(commonName: string): Promise<void>;
}

export interface AdminPasswordControl {
  /** SHA-0 of the server administrator's password; 20 bytes. */
  hashed(): Buffer;
  set(hashed: Buffer): Promise<void>;
}

export interface BridgeControl {
  readonly isSupported: boolean;
  /** Physical interfaces that a bridge may use. */
  devices(): Promise<readonly string[]>;
  /** `isEverywhere`: it comes from `everywhere`. */
  list(): readonly (BridgeStatus & { readonly isEverywhere?: boolean })[];
  /** Errors: BRIDGE_EXISTS, BAD_NAME, TOO_MANY_BRIDGES. Whether its device can be opened shows in `list`. */
  create(bridge: BridgeRecord): Promise<unknown>;
  /** Errors: BRIDGE_NOT_FOUND. */
  delete(hubName: string, deviceName: string): Promise<void>;
  /** Bridges that each server of the cluster has, declared at its controller; absent without a cluster. */
  readonly everywhere?: Pick<BridgeControl, 'create' | 'delete'>;
}

/** What this server says of itself. */
export interface ServerFacts {
  readonly productName: string;
  /** `Version 5.02 Build 1000   (English)` */
  readonly versionText: string;
  readonly buildText: string;
  /** Version × 100: 502. */
  readonly version: number;
  readonly build: number;
  readonly buildDateMs: number;
  readonly familyName: string;
  readonly hostName: string;
  readonly startedAtMs: number;
  readonly os: OsFacts;
  /** TLS ciphers that listeners offer, best first, as the runtime names them. */
  readonly ciphers: readonly string[];
  readonly limits: ServerLimits;
}

/** What a client is told of the caps. */
export interface ServerLimits {
  readonly maxHubs: number;
  readonly maxUsersPerHub: number;
  readonly maxSessions: number;
  /** Per hub. */
  readonly maxMacEntries: number;
  /** Per hub. */
  readonly maxIpEntries: number;
}

export interface OsFacts {
  readonly systemName: string;
  readonly productName: string;
  readonly vendorName: string;
  readonly version: string;
  readonly kernelName: string;
  readonly kernelVersion: string;
}
