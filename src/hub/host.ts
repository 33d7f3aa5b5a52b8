import type { Backplane } from '#backplane';
import { silentLogger, type Logger } from '#base';
import type { Clock, Random, Timer } from '#io';
import type { AttachedSession, DisconnectReason } from './attached-session.ts';
import type { HubDirectory } from './directory.ts';
import type { DirectoryChange } from './hub-tables.ts';
import { createHubEnvironment, type HubEnvironment } from './environment.ts';
import { defaultHubLimits, type HubLimits } from './limits.ts';
import { hubKeyOf } from './names.ts';
import type { HubPort } from './port.ts';
import type { HubRecord } from './records.ts';
import { addStatistics, noStatistics, type Statistics, type StatisticsKeeper } from './statistics.ts';
import { StatisticsStore } from './statistics-store.ts';
import { differenceOfTraffic, noTraffic } from './traffic.ts';
import { VirtualHub, type HubObserver } from './virtual-hub.ts';
import type { Traffic } from './session-info.ts';

export interface HubHostOptions {
  readonly directory: HubDirectory;
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly limits?: HubLimits;
  /**
   * In a cluster: only static hubs come up by themselves. All others are dynamic there, and come and go with
   * `openDynamic` and `closeDynamic`. Absent: all hubs that are online run here, whatever their kind.
   */
  readonly isClustered?: boolean;
  /** Absent: this is the only one that counts, and its counts go to the store once a minute. */
  readonly statistics?: StatisticsKeeper;
}

/** How often statistics are written. What is younger is lost when the process is killed. */
const flushIntervalMs = 60_000;
/** In a cluster: the controller has lists of all members, and members die. */
const clusterFlushIntervalMs = 2_000;

/** Traffic of a port, or of a hub, that has gone into the statistics already. */
interface Reported {
  traffic: Traffic;
}

/** The hubs that are online on this member. Follows the directory, counts seconds for the hubs, keeps statistics. */
export class HubHost implements HubObserver {
  readonly environment: HubEnvironment;
  readonly #directory: HubDirectory;
  readonly #clock: Clock;
  readonly #statistics: StatisticsKeeper;
  readonly #instances = new Map<string, VirtualHub>();
  readonly #reported = new Map<HubPort | VirtualHub, Reported>();
  readonly #ports = new Map<HubPort, VirtualHub>();
  /** Ports of clients, by hub and user: lists of users ask for each of them. */
  readonly #portsOfUser = new Map<string, Set<HubPort>>();
  readonly #listeners = new Set<(hub: VirtualHub) => void>();
  readonly #timers: Timer[];
  readonly #unsubscribe: () => void;
  readonly #isClustered: boolean;
  /** Keys of dynamic hubs that this member is the one to run. */
  readonly #opened = new Set<string>();
  #isStopped = false;

  private constructor(options: HubHostOptions, statistics: StatisticsKeeper) {
    const { clock, directory } = options;
    this.environment = createHubEnvironment(
      clock,
      options.random.bytes(4).readInt32BE(0),
      options.limits ?? defaultHubLimits,
    );
    this.#directory = directory;
    this.#clock = clock;
    this.#statistics = statistics;
    this.#isClustered = options.isClustered ?? false;
    this.#unsubscribe = directory.onChange((change) => this.#follow(change));
    for (const { name } of directory.hubs()) this.#followHub(name);
    this.#timers = [
      clock.every(1_000, () => {
        for (const hub of this.#instances.values()) hub.tick();
      }),
      clock.every(options.statistics === undefined ? flushIntervalMs : clusterFlushIntervalMs, () => {
        void this.flushStatistics();
      }),
    ];
  }

  static async open(options: HubHostOptions): Promise<HubHost> {
    const { backplane, directory, logger = silentLogger } = options;
    const statistics = options.statistics ?? (await StatisticsStore.open({ backplane, directory, logger }));
    return new HubHost(options, statistics);
  }

  /** The hub of this name if it is online here. */
  instance(name: string): VirtualHub | undefined {
    return this.#instances.get(hubKeyOf(name));
  }

  instances(): VirtualHub[] {
    return [...this.#instances.values()];
  }

  /** Dynamic hubs that were opened here, by their upper-cased names; online or not. */
  opened(): ReadonlySet<string> {
    return this.#opened;
  }

  /** This member is the one that runs this dynamic hub, from now on. Undefined: it is not there, or offline. */
  openDynamic(name: string): VirtualHub | undefined {
    if (this.#isStopped) return undefined;
    this.#opened.add(hubKeyOf(name));
    this.#followHub(name);
    return this.instance(name);
  }

  /** It is no more: sessions end, and the instance is gone when this returns. */
  closeDynamic(name: string, reason: DisconnectReason): void {
    if (!this.#opened.delete(hubKeyOf(name))) return;
    this.#followHub(name, reason);
  }

  /** Called for each hub that comes online or has gone offline (`isStopped`). Returns the function that ends this. */
  onInstance(listener: (hub: VirtualHub) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Since the hub was made, whether it is online or not. Traffic is seen from the hub. */
  hubStatistics(hubName: string): Statistics {
    const hub = this.instance(hubName);
    const kept = this.#statistics.of({ hubName });
    return hub === undefined ? kept : addStatistics(kept, this.#unreportedOfHub(hub));
  }

  /** Since the user was made, running sessions included. Traffic is seen from the user: `send` is what he sent. */
  userStatistics(hubName: string, userName: string): Statistics {
    const hub = this.instance(hubName);
    let sum = this.#statistics.of({ hubName, userName });
    if (hub === undefined) return sum;
    for (const port of this.#portsOfUser.get(userKey(hub, userName)) ?? []) {
      sum = addStatistics(sum, { ...noStatistics, traffic: this.#unreported(port, port.traffic) });
    }
    return sum;
  }

  /** Resolves when what was counted so far is durable, or could not be written now. */
  async flushStatistics(): Promise<void> {
    this.#collect();
    await this.#statistics.flush();
  }

  /** Ends all sessions of all hubs and writes the statistics. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#unsubscribe();
    for (const timer of this.#timers) timer.cancel();
    for (const hub of this.instances()) hub.stop('serverStopping');
    await this.flushStatistics();
    this.#statistics.close();
  }

  attached(hub: VirtualHub, port: HubPort): void {
    this.#ports.set(port, hub);
    if (port.session.kind !== 'client') return;
    const key = userKey(hub, port.session.userName);
    this.#portsOfUser.set(key, (this.#portsOfUser.get(key) ?? new Set()).add(port));
    const login = { ...noStatistics, lastLoginAtMs: this.#clock.wallMs() };
    this.#statistics.add({ hubName: hub.name, userName: port.session.userName }, login);
    this.#statistics.add({ hubName: hub.name }, login);
  }

  loginCounted(hub: VirtualHub, session: AttachedSession): void {
    const counted = { ...noStatistics, loginCount: 1 };
    this.#statistics.add({ hubName: hub.name, userName: session.userName }, counted);
    this.#statistics.add({ hubName: hub.name }, counted);
  }

  detached(hub: VirtualHub, port: HubPort): void {
    this.#collectPort(hub, port);
    this.#ports.delete(port);
    this.#reported.delete(port);
    const key = userKey(hub, port.session.userName);
    const ofUser = this.#portsOfUser.get(key);
    ofUser?.delete(port);
    if (ofUser?.size === 0) this.#portsOfUser.delete(key);
  }

  #follow(change: DirectoryChange): void {
    if (change.kind === 'hub') {
      if (change.record === undefined) this.#statistics.forget({ hubName: change.hubName });
      this.#followHub(change.hubName);
    } else if (change.record === undefined) {
      this.#statistics.forget({ hubName: change.hubName, userName: change.userName });
    }
  }

  /** Makes the instance what the directory says: there and up to date, or gone. */
  #followHub(name: string, reason: DisconnectReason = 'hubOffline'): void {
    const key = hubKeyOf(name);
    const record = this.#directory.hub(name);
    const hub = this.#instances.get(key);
    if (record !== undefined && this.#runsHere(record)) {
      if (hub !== undefined) {
        hub.update(record);
        return;
      }
      const started = new VirtualHub(record, this.environment, this);
      this.#instances.set(key, started);
      this.#tell(started);
    } else if (hub !== undefined) {
      this.#instances.delete(key);
      hub.stop(record === undefined ? 'hubDeleted' : reason);
      if (record !== undefined) this.#collectHub(hub);
      this.#reported.delete(hub);
      this.#tell(hub);
    }
  }

  #runsHere(record: HubRecord): boolean {
    if (!record.isOnline) return false;
    return !this.#isClustered || record.kind === 'static' || this.#opened.has(hubKeyOf(record.name));
  }

  #tell(hub: VirtualHub): void {
    for (const listener of this.#listeners) listener(hub);
  }

  #collect(): void {
    for (const [port, hub] of this.#ports) this.#collectPort(hub, port);
    for (const hub of this.#instances.values()) this.#collectHub(hub);
  }

  #collectPort(hub: VirtualHub, port: HubPort): void {
    if (port.session.kind !== 'client') return;
    const { traffic } = port;
    const delta = { ...noStatistics, traffic: this.#unreported(port, traffic) };
    this.#statistics.add({ hubName: hub.name, userName: port.session.userName }, delta);
    this.#reported.set(port, { traffic });
  }

  #collectHub(hub: VirtualHub): void {
    const delta = this.#unreportedOfHub(hub);
    this.#statistics.add({ hubName: hub.name }, delta);
    this.#reported.set(hub, { traffic: hub.traffic });
  }

  #unreportedOfHub(hub: VirtualHub): Statistics {
    return {
      ...noStatistics,
      traffic: this.#unreported(hub, hub.traffic),
      lastCommunicationAtMs: hub.lastCommunicationAtMs,
    };
  }

  #unreported(of: HubPort | VirtualHub, traffic: Traffic): Traffic {
    return differenceOfTraffic(traffic, this.#reported.get(of)?.traffic ?? noTraffic);
  }
}

function userKey(hub: VirtualHub, userName: string): string {
  return `${hubKeyOf(hub.name)}/${userName.toLowerCase()}`;
}
