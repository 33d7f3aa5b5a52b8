import type { Backplane } from '#backplane';
import type { ClusterModes, ClusterTasks, LinkMaker } from '#cluster';
import type { AdminPasswordControl } from '#admin';
import type { ByteStream } from '#io';
import type { ClusterPart } from '../cluster/cluster-part.ts';
import type { SeenConfiguration } from '../cluster/seen-configuration.ts';
import type { OwnRecords } from './own-records.ts';

/** Which member of the server this is: 0 = the one on the first thread, which also administers. */
export interface Seat {
  readonly index: number;
  /** How many members this server has. */
  readonly count: number;
}

/** Where a member keeps what. Stand-alone, both are the same. */
export interface Stores {
  /** On this server's disk: what is its own. */
  readonly local: Backplane;
  /** Of all servers together: hubs, users, who is there. */
  readonly shared: Backplane;
  /** The same, for what people have asked for: it waits for an engine that is slow. */
  readonly patient: Backplane;
  readonly own: OwnRecords;
  /** What was seen of the shared one before, and whether this member goes by it. Absent: there is no other server. */
  readonly seen?: Pick<SeenConfiguration, 'seenAtMs'>;
}

/** What a member needs to know of its cluster before it can take its place there. */
export interface ClusterSeat extends Pick<
  ClusterPart,
  | 'clusterId'
  | 'serverName'
  | 'publicAddress'
  | 'publicPorts'
  | 'weight'
  | 'isEligible'
  | 'isControllerOnly'
  | 'joinedAtMs'
> {
  /** `host:port`; empty: only threads of this process reach it. */
  readonly busAddress: string;
  /** Ways to the other members, best first. */
  readonly links: readonly LinkMaker[];
}

/** What a member is made of, beside the options of its server. */
export interface MemberParts {
  readonly seat: Seat;
  readonly stores: Stores;
  /** undefined = the only member of a server that stands alone. */
  readonly cluster: ClusterSeat | undefined;
  /** Whom its administrators must know: of the server, or of its cluster. */
  readonly adminPassword: AdminPasswordControl;
  readonly control: ModeControl;
  /** Administrators see the whole configuration here: it is the server's own, or the server may control its cluster. */
  readonly readsAll: boolean;
}

/** What administrators do with the part of this server in a cluster. */
export interface ModeControl {
  readonly modes: ClusterModes;
  /** init, join, leave …; undefined: not at this member. */
  readonly tasks: ClusterTasks | undefined;
  /** Writes all configuration to a new file beside the store; resolves with its path. */
  backUp(to: ReturnType<ClusterModes['status']>['mode']): Promise<string>;
  /** Protocols (ALPN) that the listeners speak beside their own, and who takes those connections. */
  readonly alpn: readonly string[];
  takeOver(stream: ByteStream): void;
}
