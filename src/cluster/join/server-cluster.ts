import type { ClusterMode, ControllerConnectionStatus } from '../cluster-modes.ts';
import { clusterStatus } from './cluster-status.ts';
import { ClusterFailure } from './cluster-failure.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type {
  ClusterStatus,
  ClusterSteps,
  InitRequest,
  JoinRequest,
  ModeChange,
  StepProgress,
} from './cluster-steps.ts';
import { promoteServer, removeFromCluster } from './controller-steps.ts';
import { drainServer } from './drain-server.ts';
import { initCluster } from './init-cluster.ts';
import { joinCluster } from './join-cluster.ts';
import { JoinClient } from './join-client.ts';
import { forgetCluster, leaveCluster } from './leave-cluster.ts';
import type { RunningCluster } from './running-cluster.ts';
import type { ServerClusterDeps } from './server-cluster-deps.ts';

/** The steps of this server. It outlives the changes of mode, of which it makes one at a time. */
export class ServerCluster implements ClusterSteps {
  readonly #deps: ServerClusterDeps;
  readonly #client: JoinClient;
  /** What is being done: `join 192.0.2.1:443`. */
  #underWay: string | undefined;

  constructor(deps: ServerClusterDeps) {
    this.#deps = deps;
    this.#client = new JoinClient(deps);
  }

  settings(): ClusterSettings | undefined {
    return this.#deps.state.current?.settings;
  }

  connection(): ControllerConnectionStatus | undefined {
    return this.#deps.cluster()?.connection?.status();
  }

  status(): Promise<ClusterStatus> {
    return clusterStatus(this.#deps.state.current?.settings, this.#deps.cluster());
  }

  losses(to: ClusterMode): Promise<readonly string[]> {
    return this.#deps.modes.losses(to);
  }

  init(request: InitRequest, progress: StepProgress): Promise<ModeChange> {
    return this.#alone('init', () => initCluster(this.#deps, request, progress));
  }

  join(request: JoinRequest, progress: StepProgress): Promise<ModeChange> {
    const what = `join ${request.host}:${request.port}`;
    return this.#alone(what, () => joinCluster(this.#deps, this.#client, request, progress));
  }

  leave(options: { readonly isForced: boolean }, progress: StepProgress): Promise<ModeChange> {
    return this.#alone('leave', () => leaveCluster(this.#deps, this.#client, options, progress));
  }

  /** The controller has removed this server: it stands alone again, as after `leave`, in a moment. */
  removed(progress: StepProgress): void {
    const change = this.#alone('leave', () => forgetCluster(this.#deps, progress));
    change.catch((error: unknown) => this.#deps.logger.error({ err: error }, 'this server did not leave its cluster'));
  }

  async remove(serverName: string, progress: StepProgress): Promise<void> {
    await removeFromCluster(this.#controller(), serverName, progress);
  }

  async promote(serverName: string, progress: StepProgress): Promise<void> {
    await promoteServer(this.#controller(), serverName, progress);
  }

  async drain(serverName: string, isDraining: boolean, progress: StepProgress): Promise<void> {
    const { clock, drainCallsMs } = this.#deps;
    // Its own members a server may always drain; the others listen to the controller.
    const cluster = this.settings()?.serverName === serverName ? this.#running() : this.#controller();
    await drainServer(cluster, { serverName, isDraining, clock, drainCallsMs }, progress);
  }

  /** Until the server has started again in its new mode, no other change begins. */
  async #alone(what: string, change: () => Promise<ModeChange>): Promise<ModeChange> {
    if (this.#underWay !== undefined) {
      throw new ClusterFailure(
        'BUSY',
        'begin',
        `"${this.#underWay}" is under way on this server: wait until it is done`,
      );
    }
    this.#underWay = what;
    const done = (): void => {
      this.#underWay = undefined;
    };
    try {
      const made = await change();
      made.restarted.then(done, done);
      return made;
    } catch (error) {
      done();
      throw error;
    }
  }

  #running(): RunningCluster {
    const cluster = this.#deps.cluster();
    if (cluster !== undefined) return cluster;
    const message =
      this.settings() === undefined
        ? 'this server stands alone: "hubfarm cluster init" or "hubfarm cluster join" come first'
        : 'this server is being started: try again in some seconds';
    throw new ClusterFailure('NOT_IN_CLUSTER', 'find the cluster', message);
  }

  #controller(): RunningCluster {
    const cluster = this.#running();
    if (cluster.controllership.isController()) return cluster;
    const id = cluster.controllership.controller()?.member;
    const view = id === undefined ? undefined : cluster.membership.find(id);
    const who =
      view === undefined ? 'there is none at the moment' : `it is ${view.info.id} (${view.info.publicAddress})`;
    throw new ClusterFailure(
      'NOT_CONTROLLER',
      'find the controller',
      `this server is not the controller: ${who}. Do it there`,
    );
  }
}
