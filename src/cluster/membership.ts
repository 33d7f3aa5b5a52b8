import type { Guard } from '#backplane';
import type { MemberBoot } from './member-boot.ts';
import type { MemberId } from './member-id.ts';

/** What a member says of itself: `member/<server>/<index>/info`, under its lease. Times are unix milliseconds. */
export interface MemberInfo extends MemberBoot {
  readonly id: MemberId;
  readonly version: string;
  readonly hostName: string;
  readonly startedAtMs: number;
  readonly joinedAtMs: number;
  /** Where the bus reaches it, `host:port`; absent for a thread of this very process. */
  readonly busAddress: string;
  /** IPv4 text that clients are redirected to; empty: where they have reached this server (threads of one server). */
  readonly publicAddress: string;
  readonly publicPorts: readonly number[];
  /** DER of its listeners' certificate, base64. */
  readonly certificate: string;
  /** "Performance Standard Ratio", 100 = normal. */
  readonly weight: number;
  /** Takes part in the election of the controller. */
  readonly isEligible: boolean;
  /** "Controller functions only": takes no session while it is the controller. */
  readonly isControllerOnly: boolean;
  readonly isDraining: boolean;
  /** Sessions that it may hold: C5's M (100,000; 4,096 in the classic editions). */
  readonly capacity: number;
}

/** What a member reports every 2 s, sooner when it changed much: `load/<server>/<index>/now`, under its lease. */
export interface LoadReport {
  /** Grows by one with each report of this boot: the controller forgets placements that a report has counted. */
  readonly sequence: number;
  readonly sessions: number;
  readonly connections: number;
  readonly hubInstances: number;
  readonly clientLicences: number;
  readonly bridgeLicences: number;
  readonly points: number;
  /** Placements that this member has accepted (tickets taken) since its start. */
  readonly ticketsTaken: number;
  /** Calls whose media go through it; absent: none, as members of an earlier version say. */
  readonly mediaCalls?: number;
  /** Listeners that could not be reached from outside when another member tried, by port. */
  readonly unreachablePorts: readonly number[];
  /** Why, for people: who tried and what came of it. Absent when all are reached, or nobody has tried yet. */
  readonly unreachableCause?: string;
}

/** What the member itself counts; the rest of its report is known to its membership. */
export type LoadCounts = Pick<
  LoadReport,
  'sessions' | 'connections' | 'hubInstances' | 'clientLicences' | 'bridgeLicences' | 'ticketsTaken' | 'mediaCalls'
>;

/**
 * `online`: its lease lives and the bus hears it. `suspect`: its lease lives, but the bus does not hear it: nothing is
 * placed there. Members whose lease has ended are not in the list: for the cluster they are dead.
 */
export type MemberState = 'online' | 'suspect';

export interface MemberView {
  readonly info: MemberInfo;
  readonly load: LoadReport | undefined;
  readonly state: MemberState;
  /** Why it is suspect; empty when it is not. */
  readonly cause: string;
  /** Since when the bus has heard nothing of it (own clock); absent while it does, and when it never has. */
  readonly unheardSinceMs?: number;
}

/** Who is in the cluster, as this member sees it. */
export interface Membership {
  readonly self: MemberInfo;
  members(): readonly MemberView[];
  find(id: MemberId): MemberView | undefined;
  /** Returns the function that stops it. */
  onChange(changed: (members: readonly MemberView[]) => void): () => void;
  /** Changes what this member says of itself; resolves when the others can see it. */
  announce(
    change: Partial<
      Pick<MemberInfo, 'weight' | 'isControllerOnly' | 'isDraining' | 'publicAddress' | 'publicPorts' | 'certificate'>
    >,
  ): Promise<void>;
  /** Counts that go into the next report; a report goes out at once when they changed much. */
  report(counts: LoadCounts): void;
  stop(): Promise<void>;
}

/** Who the controller is, as this member knows. */
export interface Controllership {
  /** undefined = nobody, at the moment. */
  controller(): MemberBoot | undefined;
  /** This member is, and its leadership is valid at this moment. */
  isController(): boolean;
  /** Epoch of this member's leadership; undefined while it is not the controller. */
  epoch(): number | undefined;
  /** For each write that only the controller may make: it fails once another one leads. undefined = not the controller. */
  guard(): Guard | undefined;
  onChange(changed: (controller: MemberBoot | undefined) => void): () => void;
}
