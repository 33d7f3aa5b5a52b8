import type { ClusterMode, ControllerConnectionStatus } from '../cluster-modes.ts';
import type { ClusterSettings, EngineRole } from './cluster-settings.ts';

/** One line of progress. A step that fails ends the whole: the reason is the error's. */
export interface ClusterStep {
  /** Stable, `check-clock`. */
  readonly step: string;
  /** For people: `prove the controller's password`, with the value where there is one. */
  readonly text: string;
  readonly state: 'started' | 'done' | 'failed' | 'warning';
}

export type StepProgress = (step: ClusterStep) => void;

export interface InitRequest {
  /** Absent: the server's name, else the host name. */
  readonly serverName?: string;
  /** IPv4 that clients are redirected to; absent: the address of the interface of the default route. */
  readonly publicAddress?: string;
  /** Absent or empty: the listeners' ports. */
  readonly publicPorts?: readonly number[];
  readonly weight?: number;
  readonly controllerOnly?: boolean;
}

export interface JoinRequest extends InitRequest {
  /** Any listener of the controller. */
  readonly host: string;
  readonly port: number;
  /** SHA-0 of the controller's administration password, 20 bytes. It is proven, never sent, and not kept. */
  readonly hashedPassword: Buffer;
  /** The controller does not try to reach the public ports (it cannot, from where it is). */
  readonly uncheckedAddress?: boolean;
}

/** The step that answered; the server restarts in its new mode about a second later. */
export interface ModeChange {
  /** The backup file. */
  readonly backup: string;
  /** Resolves when the server is up in its new mode; rejects (ClusterFailure) when that failed and all was taken back. */
  readonly restarted: Promise<void>;
}

export interface ClusterServerStatus {
  readonly serverName: string;
  readonly isEligible: boolean;
  readonly isController: boolean;
  /** `joining`: being let in at this moment; `offline`: belongs to the cluster, does not run or cannot be reached. */
  readonly state: 'online' | 'suspect' | 'offline' | 'joining' | 'draining';
  readonly engineRole: EngineRole | 'unknown';
  readonly address: string;
  readonly publicAddress: string;
  readonly publicPorts: readonly number[];
  readonly version: string;
  readonly members: number;
  readonly sessions: number;
  /** Whose media go through it. */
  readonly mediaCalls: number;
  readonly points: number;
  readonly certificateNotAfterMs: number;
  /** Why it is not online; empty when it is. */
  readonly cause: string;
}

export interface ClusterStatus {
  readonly mode: ClusterMode;
  readonly settings: ClusterSettings | undefined;
  readonly connection: ControllerConnectionStatus | undefined;
  readonly servers: readonly ClusterServerStatus[];
  /** What the engine does not outlast; empty: it outlasts the loss of any one server. */
  readonly engineRisk: string;
  /**
   * This server was started while the engine was away: hubs and users are those that it saw then (unix milliseconds).
   * Absent: they are what the engine has.
   */
  readonly configurationSeenAtMs?: number;
}

/**
 * What administrators do with the cluster, on the server they talk to. Expected failures are `ClusterFailure`s; nothing is
 * left half done. At most one of init, join and leave runs at a time (`BUSY`).
 */
export interface ClusterSteps {
  /** undefined = stand-alone. */
  settings(): ClusterSettings | undefined;
  /** Of a member to its cluster; undefined on other servers. */
  connection(): ControllerConnectionStatus | undefined;
  status(): Promise<ClusterStatus>;
  /** What a change of mode deletes: one line each. */
  losses(to: ClusterMode): Promise<readonly string[]>;
  init(request: InitRequest, progress: StepProgress): Promise<ModeChange>;
  join(request: JoinRequest, progress: StepProgress): Promise<ModeChange>;
  /** `isForced`: also where the controller cannot be told (it must then be told with `remove`). */
  leave(options: { readonly isForced: boolean }, progress: StepProgress): Promise<ModeChange>;
  /** At the controller: a server that is gone for good. One that runs is told, and stands alone again. */
  remove(serverName: string, progress: StepProgress): Promise<void>;
  /** At the controller: lets the server become the controller. */
  promote(serverName: string, progress: StepProgress): Promise<void>;
  /** At the controller, or on the server itself: nothing new is placed there. */
  drain(serverName: string, isDraining: boolean, progress: StepProgress): Promise<void>;
}
