/** Which part a server plays: alone, in charge of a cluster, or one of its members. */
export type ClusterMode = 'standalone' | 'controller' | 'member';

/** Where this server was told to find its controller, and how that goes. Times are unix milliseconds, 0 = never. */
export interface ControllerConnectionStatus {
  /** IP text as far as it is known; empty before the first answer of the name service. */
  readonly address: string;
  readonly port: number;
  readonly isOnline: boolean;
  /** Why it is not online; empty when it is. */
  readonly cause: string;
  readonly causeKind: 'none' | 'unreachable' | 'wrongPassword' | 'notController' | 'other';
  readonly startedAtMs: number;
  readonly firstConnectedAtMs: number;
  readonly currentConnectedAtMs: number;
  readonly tries: number;
  readonly successes: number;
  readonly failures: number;
}

export interface ClusterModeStatus {
  readonly mode: ClusterMode;
  /** "Performance Standard Ratio", 100 = normal. */
  readonly weight: number;
  /** "Controller functions only". */
  readonly isControllerOnly: boolean;
  /** IPv4 text; empty: the address of the interface that the cluster connection uses. */
  readonly publicAddress: string;
  readonly publicPorts: readonly number[];
  /** Of a member: what it was told; else empty and 0. */
  readonly controllerHost: string;
  readonly controllerPort: number;
  /** Of a member; else undefined. */
  readonly connection: ControllerConnectionStatus | undefined;
}

export interface ControllerSettings {
  readonly weight: number;
  readonly isControllerOnly: boolean;
}

export interface MemberSettings {
  readonly controllerHost: string;
  readonly controllerPort: number;
  /** SHA-0 of the controller's administration password, 20 bytes; undefined: the one that this member knows already. */
  readonly hashedPassword: Buffer | undefined;
  /** IPv4 text; empty: the address of the interface that the cluster connection uses. */
  readonly publicAddress: string;
  /** At least one. */
  readonly publicPorts: readonly number[];
  readonly weight: number;
}

/**
 * Changes the part that this server plays. Each change resolves when it is written down and about to begin: the
 * services of the server then stop and start again in the other part, and nobody who asked is connected any more.
 */
export interface ClusterModes {
  status(): ClusterModeStatus;
  setStandalone(): Promise<void>;
  setController(settings: ControllerSettings): Promise<void>;
  setMember(settings: MemberSettings): Promise<void>;
}
