import type { EmbeddedStore } from '#backplane';
import { HubfarmError, Lifecycle } from '#base';
import type {
  ClusterMembershipFiles,
  ClusterMode,
  ClusterState,
  ModeSwitch,
  OwnServer,
  RunningCluster,
} from '#cluster';
import { CarriedConfiguration } from './cluster/carried-configuration.ts';
import { partAlone, partIn, type ClusterPart, type RemoteCluster } from './cluster/cluster-part.ts';
import type { EngineHome } from './cluster/engine-home.ts';
import { openFirstMember } from './cluster/first-member.ts';
import { engineCheck } from './health-checks.ts';
import { atMost } from './member/at-most.ts';
import { lastCalls } from './member/last-calls.ts';
import type { OwnRecords } from './member/own-records.ts';
import type { ModeControl } from './member/seat.ts';
import { startMembers, type ServerMembers } from './member/server-members.ts';
import type { ServerOptions } from './server-options.ts';

export interface ServerProcessParts {
  readonly store: EmbeddedStore;
  readonly own: OwnRecords;
  readonly state: ClusterState;
  readonly engine: EngineHome;
}

/** Those who change the mode of the server, and who know it in turn. */
export interface ServerHooks {
  readonly control: ModeControl;
  /** The controller of its cluster has taken this server out. */
  readonly removed: () => void;
}

/** A voter's own engine is the first that its server asks: it gets a moment to come up. */
const engineHeadStartMs = 2_000;
const engineRetryMs = 10_000;
const restartRetryMs = 5_000;
const engineDeadlineMs = 120_000;
const pollMs = 100;
/** The members of this server in its present mode, and the changes between modes. */
export class ServerProcess implements ModeSwitch {
  readonly #options: ServerOptions;
  readonly #parts: ServerProcessParts;
  readonly #hooks: () => ServerHooks;
  readonly #configuration: CarriedConfiguration;
  #members: ServerMembers | undefined;
  #running: RunningCluster | undefined;
  #inCluster = new Lifecycle();
  #changing: Promise<void> = Promise.resolve();
  /** What the members know. */
  #shown: ClusterMembershipFiles | undefined;
  #isStopping = false;

  constructor(options: ServerOptions, parts: ServerProcessParts, hooks: () => ServerHooks) {
    this.#options = options;
    this.#parts = parts;
    this.#hooks = hooks;
    this.#configuration = new CarriedConfiguration(options, parts.state, () => this.#up());
  }

  /** undefined while it is started again. */
  get members(): ServerMembers | undefined {
    return this.#members;
  }

  /** undefined while it stands alone, and while it is started again. */
  get running(): RunningCluster | undefined {
    return this.#running;
  }

  /** The start of the process: an engine that does not start is no reason not to serve. */
  async start(): Promise<ServerMembers> {
    const { clock } = this.#options.io;
    if (this.#parts.state.current !== undefined) await atMost(clock, engineHeadStartMs, this.#startEngine());
    return this.#startMembers();
  }

  /** As `RunningServer.leave`. */
  async leave(): Promise<void> {
    const members = this.#members;
    if (members !== undefined) await lastCalls(members.first, this.#options);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#changing.catch(() => undefined);
    await this.#stopMembers();
    await this.#parts.engine.stop();
  }

  restart(options: { readonly importFrom?: string } = {}): Promise<void> {
    this.#changing = this.#changing.catch(() => undefined).then(() => this.#restart(options.importFrom));
    return this.#changing;
  }

  async losses(to: ClusterMode): Promise<readonly string[]> {
    return Promise.resolve(this.#configuration.losses(to));
  }

  backUp(to: ClusterMode): Promise<string> {
    return this.#configuration.backUp(to);
  }

  /** What the steps of a cluster must know of this server. */
  self(): OwnServer {
    const { config, io } = this.#options;
    const { own } = this.#parts;
    const listeners = this.#members?.first.listeners() ?? [];
    return {
      defaultName: config.cluster.name === '' ? own.hostName : config.cluster.name,
      isNameChosen: config.cluster.name !== '' || config.server.name !== '',
      hostName: own.hostName,
      address: () => io.machine.addresses()[0],
      listenerCertificate: () => own.identity.certificateDer(),
      licences: () => this.#members?.first.licences.ownLines() ?? [],
      listenerPorts: () => listeners.filter(({ isListening }) => isListening).map(({ port }) => port),
    };
  }

  async #restart(importFrom: string | undefined): Promise<void> {
    if (this.#isStopping) throw new HubfarmError('STOPPING', 'the server is stopping');
    const { state, engine } = this.#parts;
    const { logger } = this.#options;
    const mode = state.current?.settings.mode ?? 'standalone';
    logger.info({ mode }, 'the server starts again in its new part');
    await this.#stopMembers();
    if (state.current === undefined) await engine.stop();
    else await engine.start();
    await this.#startMembers();
    if (mode === 'controller') await this.#engineAnswers();
    if (importFrom !== undefined) await this.#configuration.import(importFrom);
    logger.info({ mode }, 'the server is up in its new part');
  }

  async #startMembers(): Promise<ServerMembers> {
    const { store, own, state } = this.#parts;
    const { config, io } = this.#options;
    const files = state.current;
    const remote = this.#remote();
    const part: ClusterPart =
      files === undefined ? partAlone(config, own, io.clock.wallMs()) : partIn(config, files.settings, remote());
    const { control } = this.#hooks();
    this.#shown = files;
    const members = await startMembers(this.#options, { store, own, part, remote, control });
    this.#members = members;
    if (files !== undefined) await this.#enterCluster(members);
    return members;
  }

  async #enterCluster(members: ServerMembers): Promise<void> {
    const { state, engine } = this.#parts;
    const { first, parts } = members;
    if (first.place === undefined) throw new Error('a server in a cluster has no place there');
    const { shared, seen } = parts.stores;
    const condition = (): string => engine.condition;
    first.health.addCheck(engineCheck(shared, condition, () => seen?.seenAtMs()));
    this.#inCluster = new Lifecycle();
    const member = {
      place: first.place,
      licences: first.licences,
      parts,
      state,
      engine,
      removed: () => this.#hooks().removed(),
      promoted: () => this.#restartSoon('this server may be the controller of its cluster from now on'),
    };
    const remote = this.#remote();
    const unfollow = state.onChange(() => this.#follow(members, remote));
    await this.#inCluster.start({ name: 'certificate in the cluster', stop: unfollow });
    this.#running = await openFirstMember(this.#options, member, this.#inCluster);
  }

  /** A renewed certificate goes to the other threads, and to the engine; where engines are, to the other threads. */
  #follow(members: ServerMembers, remote: () => RemoteCluster): void {
    const { state, engine } = this.#parts;
    const { current } = state;
    const before = this.#shown;
    if (current === undefined || before === undefined) return;
    const isRenewed = current.identity !== before.identity;
    const [endpoints, known] = [current, before].map(({ settings }) => settings.engine.endpoints.join());
    this.#shown = current;
    if (isRenewed || endpoints !== known) members.renew(remote());
    if (!isRenewed) return;
    engine.renewed().catch((error: unknown) => {
      this.#options.logger.error({ err: error }, 'the engine could not be given the new certificate');
    });
  }

  async #stopMembers(): Promise<void> {
    const members = this.#members;
    this.#members = undefined;
    this.#running = undefined;
    await this.#inCluster.stop();
    await members?.stop();
  }

  /** Nobody waits for it: where it fails it is tried again. */
  #restartSoon(why: string): void {
    const { logger, io } = this.#options;
    logger.warn({}, why);
    this.restart().catch((error: unknown) => {
      if (this.#isStopping) return;
      logger.error({ err: error, againInMs: restartRetryMs }, 'the server did not start again in its new part');
      io.clock.after(restartRetryMs, () => this.#restartSoon('the server is started once more'));
    });
  }

  async #startEngine(): Promise<void> {
    const { logger, io } = this.#options;
    try {
      await this.#parts.engine.start();
    } catch (error) {
      logger.error({ err: error, againInMs: engineRetryMs }, 'the engine of this server does not start, trying again');
      io.clock.after(engineRetryMs, () => {
        if (!this.#isStopping && this.#parts.state.current !== undefined) void this.#startEngine();
      });
    }
  }

  async #engineAnswers(): Promise<void> {
    const { clock } = this.#options.io;
    const untilMs = clock.nowMs() + engineDeadlineMs;
    const { shared } = this.#up().parts.stores;
    while (shared.state() !== 'ok' || this.#running?.controllership.isController() !== true) {
      if (clock.nowMs() > untilMs) {
        throw new HubfarmError(
          'ENGINE_LOST',
          `the engine of the cluster has not answered for ${engineDeadlineMs / 1_000} s`,
        );
      }
      await new Promise<void>((resolve) => void clock.after(pollMs, resolve));
    }
  }

  /** What this server shows in its cluster, and where the engines are. While it leaves, it is what it had. */
  #remote(): () => RemoteCluster {
    const { state, engine } = this.#parts;
    let last: RemoteCluster | undefined;
    return () => {
      if (state.current !== undefined) last = { endpoints: engine.endpoints(), identity: engine.identity() };
      if (last === undefined) throw new HubfarmError('NOT_IN_CLUSTER', 'this server is in no cluster');
      return last;
    };
  }

  #up(): ServerMembers {
    if (this.#members === undefined) throw new HubfarmError('RESTARTING', 'the server is being started: try again');
    return this.#members;
  }
}
