import type { Logger } from '#base';
import type { ClusterEngine } from './cluster-engine.ts';
import type { ClusterState } from './cluster-state.ts';
import type { JoinClientDeps } from './join-client.ts';
import type { ModeSwitch } from './mode-switch.ts';
import type { OwnServer, RunningCluster } from './running-cluster.ts';

export interface ServerClusterDeps extends JoinClientDeps {
  readonly logger: Logger;
  readonly state: ClusterState;
  readonly modes: ModeSwitch;
  readonly engine: ClusterEngine;
  /** A drain does not wait longer for calls whose media go through the server; milliseconds. */
  readonly drainCallsMs: number;
  /** The server that runs now. */
  readonly self: () => OwnServer;
  /** undefined while it stands alone, and while it is being started again. */
  readonly cluster: () => RunningCluster | undefined;
}
