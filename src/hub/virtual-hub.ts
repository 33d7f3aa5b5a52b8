import { formatIpAddress } from '#base';
import type { AttachedSession, DisconnectReason } from './attached-session.ts';
import type { HubEnvironment } from './environment.ts';
import { FloodPacer } from './flood-pacer.ts';
import { policyFilters } from './frame-filter.ts';
import type { FrameEncoder } from './output-queue.ts';
import { HubPort } from './port.ts';
import type { HubRecord } from './records.ts';
import type { Traffic } from './session-info.ts';
import { Switch } from './switch.ts';
import { FrameCounter, trafficOf } from './traffic.ts';

/** Ticks (seconds) between two sweeps of the address tables. */
const sweepSeconds = 10;
/** A log-in counts when the session has lasted so long (SoftEther protocol §10.9). */
const loginCountsAfterSeconds = 30;

export interface AttachOptions {
  /** The session asked for monitor mode and its policy allows it. */
  readonly isMonitor?: boolean;
  /** For a session with compression: a frame as one zlib stream. */
  readonly encode?: FrameEncoder;
  readonly outputQueueMaxBytes?: number;
}

/** One row of the MAC table, as lists show it. A snapshot. */
export interface MacTableRow {
  readonly key: number;
  readonly sessionName: string;
  /** 6 bytes */
  readonly macAddress: Buffer;
  readonly vlanId: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** One row of the IP table, as lists show it. A snapshot. */
export interface IpTableRow {
  readonly key: number;
  readonly sessionName: string;
  readonly address: string;
  readonly isDhcpAllocated: boolean;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What the hub tells whoever keeps statistics. */
export interface HubObserver {
  /** A user's session has lasted long enough to count as a log-in. */
  loginCounted(hub: VirtualHub, session: AttachedSession): void;
  attached(hub: VirtualHub, port: HubPort): void;
  /** The port's counters are final. */
  detached(hub: VirtualHub, port: HubPort): void;
}

/** A Virtual Hub that is online on this member: its sessions, its switch, its tables. */
export class VirtualHub {
  readonly #environment: HubEnvironment;
  readonly #observer: HubObserver | undefined;
  readonly #switch: Switch;
  readonly #pacer: FloodPacer;
  readonly #startedAtMs: number;
  readonly #ports = new Map<string, HubPort>();
  /** Sessions whose log-in does not count yet, oldest first. */
  readonly #fresh: HubPort[] = [];
  readonly #departedReceived = new FrameCounter();
  readonly #departedSent = new FrameCounter();
  #departedDropped = 0;
  #record: HubRecord;
  #sessionNumber = 0;
  #loginCount = 0;
  #lastLoginAtMs = 0;
  #isStopped = false;

  constructor(record: HubRecord, environment: HubEnvironment, observer?: HubObserver) {
    const { clock, limits, scheduler, seed } = environment;
    this.#record = record;
    this.#environment = environment;
    this.#observer = observer;
    this.#startedAtMs = clock.nowMs();
    this.#pacer = new FloodPacer(clock, limits, (port) => scheduler.mark(port, -1));
    this.#switch = new Switch({ limits, scheduler, pacer: this.#pacer, seed, nowMs: () => clock.nowMs() });
  }

  get name(): string {
    return this.#record.name;
  }

  get record(): HubRecord {
    return this.#record;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether frames are refused for now: in a cluster, where this may not be the hub's only instance. Sessions stay. */
  get isSuspended(): boolean {
    return this.#switch.isSuspended;
  }

  set isSuspended(isSuspended: boolean) {
    this.#switch.isSuspended = isSuspended;
  }

  /** Asked once for each burst of frames, whether it may move; undefined = always. For what timers would tell too late. */
  set mayForward(mayForward: (() => boolean) | undefined) {
    this.#switch.mayForward = mayForward;
  }

  /** The administrator changed the hub. */
  update(record: HubRecord): void {
    this.#record = record;
  }

  /** 1, 2, 3, … : the n of `SID-<USER>-<n>`. */
  nextSessionNumber(): number {
    return ++this.#sessionNumber;
  }

  /** The session's name must be new in this hub; the hub must not be stopped. */
  attach(session: AttachedSession, options: AttachOptions = {}): HubPort {
    const { pools, limits, clock } = this.#environment;
    const key = session.name.toUpperCase();
    if (this.#isStopped) throw new Error(`hub ${this.name} is stopped, ${session.name} cannot attach`);
    if (this.#ports.has(key)) throw new Error(`hub ${this.name} already has a session ${session.name}`);
    this.#followClock();
    const port = new HubPort({
      id: this.#switch.freeId(),
      owner: this.#switch,
      session,
      output: {
        pools,
        maxBytes: options.outputQueueMaxBytes ?? limits.outputQueueMaxBytes,
        encode: options.encode,
      },
      isMonitor: options.isMonitor ?? false,
      filters: policyFilters(session.policy),
      attachedTick: this.#switch.tick,
    });
    this.#ports.set(key, port);
    this.#switch.add(port);
    if (session.kind === 'client') {
      this.#fresh.push(port);
      this.#lastLoginAtMs = clock.wallMs();
    }
    this.#observer?.attached(this, port);
    return port;
  }

  /** Its addresses leave the tables, what waits for it is dropped. Detaching twice does nothing. */
  detach(port: HubPort): void {
    if (!port.isAttached) return;
    port.isAttached = false;
    this.#switch.remove(port);
    this.#ports.delete(port.session.name.toUpperCase());
    const fresh = this.#fresh.indexOf(port);
    if (fresh !== -1) this.#fresh.splice(fresh, 1);
    port.output.clear();
    this.#departedReceived.addAll(port.received);
    this.#departedSent.addAll(port.output.queued);
    this.#departedDropped += port.droppedFrames;
    this.#observer?.detached(this, port);
  }

  sessions(): AttachedSession[] {
    return Array.from(this.#ports.values(), (port) => port.session);
  }

  /** Names compare without case. */
  session(name: string): AttachedSession | undefined {
    return this.#ports.get(name.toUpperCase())?.session;
  }

  get sessionCount(): number {
    return this.#ports.size;
  }

  get macEntryCount(): number {
    return this.#switch.macs.table.size;
  }

  get ipEntryCount(): number {
    return this.#switch.addresses.table.size;
  }

  macEntries(): MacTableRow[] {
    const wallMs = this.#wallClock();
    return this.#switch.macs.table.entries().map(({ key, macAddress, vlanId, port, createdTick, updatedTick }) => ({
      key,
      sessionName: this.#sessionName(port),
      macAddress,
      vlanId,
      createdAtMs: wallMs(createdTick),
      updatedAtMs: wallMs(updatedTick),
    }));
  }

  ipEntries(): IpTableRow[] {
    const wallMs = this.#wallClock();
    return this.#switch.addresses.table.entries().map((entry) => ({
      key: entry.key,
      sessionName: this.#sessionName(entry.port),
      address: formatIpAddress(entry.address) ?? '',
      isDhcpAllocated: entry.isDhcpAllocated,
      createdAtMs: wallMs(entry.createdTick),
      updatedAtMs: wallMs(entry.updatedTick),
    }));
  }

  /** `key` as in `macEntries`. False = no such row (any more). */
  deleteMac(key: number): boolean {
    return this.#switch.macs.delete(key);
  }

  /** `key` as in `ipEntries`. False = no such row (any more). */
  deleteIp(key: number): boolean {
    return this.#switch.addresses.table.removeKey(key) !== -1;
  }

  /** Since the hub came online here, seen from the hub: `recv` is what sessions sent to it. */
  get traffic(): Traffic {
    const received = new FrameCounter();
    const sent = new FrameCounter();
    received.addAll(this.#departedReceived);
    sent.addAll(this.#departedSent);
    for (const port of this.#ports.values()) {
      received.addAll(port.received);
      sent.addAll(port.output.queued);
    }
    return trafficOf(received, sent);
  }

  /** Frames that a full output queue cost, since the hub came online here. */
  get droppedFrames(): number {
    let dropped = this.#departedDropped;
    for (const port of this.#ports.values()) dropped += port.droppedFrames;
    return dropped;
  }

  get floodedFrames(): number {
    return this.#switch.floodedFrames;
  }

  /** Frames refused because the MAC table was full. */
  get macTableFullFrames(): number {
    return this.#switch.macs.tableFullFrames;
  }

  /** Sessions of users that lasted 30 s or more, since the hub came online here. */
  get loginCount(): number {
    return this.#loginCount;
  }

  /** 0 = none since the hub came online here. */
  get lastLoginAtMs(): number {
    return this.#lastLoginAtMs;
  }

  /** To the second. The time the hub came online if no frame came yet. */
  get lastCommunicationAtMs(): number {
    return this.#wallClock()(this.#switch.lastFrameTick);
  }

  /** To be called once a second: ageing of the tables, log-in count. */
  tick(): void {
    this.#followClock();
    const { tick } = this.#switch;
    while (this.#fresh.length > 0 && tick - this.#fresh[0]!.attachedTick >= loginCountsAfterSeconds) {
      const port = this.#fresh.shift()!;
      this.#loginCount++;
      this.#observer?.loginCounted(this, port.session);
    }
    if (tick % sweepSeconds === 0) this.#switch.expire();
  }

  /** Ends all sessions; nothing can attach any more. */
  stop(reason: DisconnectReason): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#pacer.stop();
    for (const port of [...this.#ports.values()]) port.session.disconnect(reason);
  }

  #followClock(): void {
    this.#switch.tick = Math.floor((this.#environment.clock.nowMs() - this.#startedAtMs) / 1000);
  }

  #sessionName(port: number): string {
    return this.#switch.port(port)?.session.name ?? '';
  }

  /** From ticks to unix milliseconds. */
  #wallClock(): (tick: number) => number {
    const { clock } = this.#environment;
    const origin = clock.wallMs() - (clock.nowMs() - this.#startedAtMs);
    return (tick) => Math.round(origin + tick * 1000);
  }
}
