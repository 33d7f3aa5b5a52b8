import { AddressLearner } from './address-learner.ts';
import type { FloodPacer } from './flood-pacer.ts';
import type { FlushScheduler } from './flush-scheduler.ts';
import type { HubLimits } from './limits.ts';
import { MacLearner } from './mac-learner.ts';
import { flushAtEndOfRead, flushAtEndOfTurn, flushHeld, flushIdle, type HubPort, type PortOwner } from './port.ts';
import { StormLimiter } from './storm-limiter.ts';
import { broadcast, unicast, type FrameKind } from './traffic.ts';

export interface SwitchOptions {
  readonly limits: HubLimits;
  readonly scheduler: FlushScheduler;
  readonly pacer: FloodPacer;
  readonly seed: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/**
 * The learning switch of one hub: run of frames in, copies in the output queues of the ports that are to have it.
 * Order of the frame path (SoftEther protocol §10.1): filters, MAC learning, IP learning, storm limiter, monitor ports,
 * forwarding. Nothing is allocated here per frame. A full destination drops; the source never waits.
 */
export class Switch implements PortOwner {
  readonly macs: MacLearner;
  readonly addresses: AddressLearner;
  floodedFrames = 0;
  /** Seconds; set by the hub once a second. */
  tick = 0;
  /** Tick of the last frame. */
  lastFrameTick = 0;
  readonly #options: SwitchOptions;
  readonly #ports: (HubPort | undefined)[] = [];
  /** Ports that take part in flooding. */
  readonly #members: HubPort[] = [];
  readonly #monitors: HubPort[] = [];
  #storms: StormLimiter | undefined;

  constructor(options: SwitchOptions) {
    this.#options = options;
    this.macs = new MacLearner(options.limits, options.seed, (id) => this.#ports[id]);
    this.addresses = new AddressLearner({
      limits: options.limits,
      seed: options.seed,
      portOf: (id) => this.#ports[id],
      portOfMac: (hi, lo) => this.#ports[this.macs.table.find(hi, lo)],
    });
  }

  /** The smallest id that no port has. */
  freeId(): number {
    const free = this.#ports.indexOf(undefined);
    return free === -1 ? this.#ports.length : free;
  }

  port(id: number): HubPort | undefined {
    return this.#ports[id];
  }

  /** Nothing is forwarded: another instance of the hub may live elsewhere. */
  isSuspended = false;
  /**
   * Asked once for each burst, which is what one read brings; undefined = frames always move. It must be exact at that
   * moment, also when this process was held up and no timer has run since.
   */
  mayForward: (() => boolean) | undefined;
  #isAsked = false;
  #isAllowed = true;

  add(port: HubPort): void {
    this.#ports[port.id] = port;
    (port.isMonitor ? this.#monitors : this.#members).push(port);
  }

  remove(port: HubPort): void {
    this.macs.forget(port);
    this.addresses.forget(port);
    this.#ports[port.id] = undefined;
    removeFrom(port.isMonitor ? this.#monitors : this.#members, port);
  }

  /** Removes addresses that are too old from both tables. */
  expire(): void {
    this.macs.expire(this.tick);
    this.addresses.table.expire(this.tick);
  }

  endOfRead(hasMore: boolean): void {
    this.#isAsked = false;
    this.#options.scheduler.endOfRead(hasMore);
  }

  receive(port: HubPort, buf: Buffer, from: number, to: number, frames: number): void {
    const kind = (buf[from + 4]! & 1) === 0 ? unicast : broadcast;
    port.received.add(kind, to - from - 4 * frames, frames);
    if (port.isMonitor || !port.isAttached || this.isSuspended || !this.#mayForward()) {
      port.refusedFrames += frames;
      return;
    }
    this.lastFrameTick = this.tick;
    if (port.filters.length === 0) this.#admit(port, buf, from, to, frames, kind);
    else this.#filter(port, buf, from, to, kind);
  }

  #mayForward(): boolean {
    if (this.mayForward === undefined) return true;
    if (!this.#isAsked) {
      this.#isAsked = true;
      this.#isAllowed = this.mayForward();
    }
    return this.#isAllowed;
  }

  #filter(port: HubPort, buf: Buffer, from: number, to: number, kind: FrameKind): void {
    let start = from;
    let count = 0;
    for (let at = from; at < to;) {
      const size = recordSize(buf, at);
      const next = at + 4 + size;
      if (passesAll(port, buf, at + 4, size)) {
        count++;
      } else {
        port.refusedFrames++;
        if (count !== 0) this.#admit(port, buf, start, at, count, kind);
        start = next;
        count = 0;
      }
      at = next;
    }
    if (count !== 0) this.#admit(port, buf, start, to, count, kind);
  }

  /** Learning. All frames of a run have one source MAC; their IP addresses may differ. */
  #admit(port: HubPort, buf: Buffer, from: number, to: number, frames: number, kind: FrameKind): void {
    const hi = (buf[from + 10]! << 8) | buf[from + 11]!;
    const lo = (buf[from + 12]! << 24) | (buf[from + 13]! << 16) | (buf[from + 14]! << 8) | buf[from + 15]!;
    if (
      (lo !== port.lastMacLo || hi !== port.lastMacHi || port.lastMacTick !== this.tick) &&
      !this.macs.admits(port, hi, lo, this.tick)
    ) {
      port.refusedFrames += frames;
      return;
    }
    if (port.checksEachAddress) {
      this.#admitEach(port, buf, from, to, kind);
      return;
    }
    // Where nothing is forbidden it is enough to look at the first frame of each run.
    const source = plainIpv4Source(buf, from);
    if (source === 0 || !this.addresses.isRecent(source, port.id, this.tick)) {
      this.addresses.admits(port, buf, from + 4, recordSize(buf, from), this.tick);
    }
    this.#forward(port, buf, from, to, frames, kind);
  }

  /** As `#filter`. A frame with the source of the one before it is let through without asking again. */
  #admitEach(port: HubPort, buf: Buffer, from: number, to: number, kind: FrameKind): void {
    const { addresses, tick } = this;
    let start = from;
    let count = 0;
    let admitted = 0;
    for (let at = from; at < to;) {
      const size = recordSize(buf, at);
      const next = at + 4 + size;
      const source = plainIpv4Source(buf, at);
      if ((source !== 0 && source === admitted) || addresses.admits(port, buf, at + 4, size, tick)) {
        admitted = source;
        count++;
      } else {
        port.refusedFrames++;
        if (count !== 0) this.#forward(port, buf, start, at, count, kind);
        start = next;
        count = 0;
      }
      at = next;
    }
    if (count !== 0) this.#forward(port, buf, start, to, count, kind);
  }

  #forward(port: HubPort, buf: Buffer, from: number, to: number, frames: number, kind: FrameKind): void {
    if (kind === unicast) {
      const hi = (buf[from + 4]! << 8) | buf[from + 5]!;
      const lo = (buf[from + 6]! << 24) | (buf[from + 7]! << 16) | (buf[from + 8]! << 8) | buf[from + 9]!;
      const id = this.macs.table.find(hi, lo);
      if (id !== -1) {
        if (id !== port.id) this.#forwardTo(this.#ports[id]!, port, buf, from, to, frames);
        return;
      }
    }
    if (port.limitsStorms) this.#floodLimited(port, buf, from, to, kind);
    else this.#flood(port, buf, from, to, frames, kind);
  }

  #forwardTo(member: HubPort, port: HubPort, buf: Buffer, from: number, to: number, frames: number): void {
    if (this.#monitors.length !== 0) this.#copyToMonitors(port, buf, from, to, frames, unicast);
    member.output.append(buf, from, to, frames, unicast);
    if (awaitsFlush(member)) this.#options.scheduler.mark(member, port.id);
  }

  #floodLimited(port: HubPort, buf: Buffer, from: number, to: number, kind: FrameKind): void {
    const { limits, seed, nowMs } = this.#options;
    const storms = (this.#storms ??= new StormLimiter(limits.stormThresholdPerSecond, seed));
    const now = nowMs();
    let start = from;
    let count = 0;
    for (let at = from; at < to;) {
      const size = recordSize(buf, at);
      const next = at + 4 + size;
      if (storms.admits(port.id, buf, at + 4, size, now)) {
        count++;
      } else {
        port.refusedFrames++;
        if (count !== 0) this.#flood(port, buf, start, at, count, kind);
        start = next;
        count = 0;
      }
      at = next;
    }
    if (count !== 0) this.#flood(port, buf, start, to, count, kind);
  }

  #flood(port: HubPort, buf: Buffer, from: number, to: number, frames: number, kind: FrameKind): void {
    this.floodedFrames += frames;
    if (this.#monitors.length !== 0) this.#copyToMonitors(port, buf, from, to, frames, kind);
    const { scheduler, pacer, limits } = this.#options;
    const members = this.#members;
    const isBusy = pacer.isBusy();
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      if (member === port) continue;
      member.output.append(buf, from, to, frames, kind);
      if (!awaitsFlush(member)) continue;
      if (!isBusy || member.flushState > flushHeld || member.output.pendingBytes > limits.floodHoldMaxBytes) {
        scheduler.mark(member, port.id);
        pacer.spend();
      } else if (member.flushState === flushIdle) {
        pacer.hold(member, members.length);
      }
    }
  }

  #copyToMonitors(port: HubPort, buf: Buffer, from: number, to: number, frames: number, kind: FrameKind): void {
    for (const monitor of this.#monitors) {
      monitor.output.append(buf, from, to, frames, kind);
      if (awaitsFlush(monitor)) this.#options.scheduler.mark(monitor, port.id);
    }
  }
}

function recordSize(buf: Buffer, at: number): number {
  return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}

/** The source address of the IPv4 packet in the record at `at`, if it is long enough and cannot be DHCP; else 0. */
function plainIpv4Source(buf: Buffer, at: number): number {
  if (buf[at + 16] !== 8 || buf[at + 17] !== 0 || (buf[at + 2] === 0 && buf[at + 3]! < 42)) return 0;
  // UDP from a port below 256, or behind IP options: to be looked at closely.
  if (buf[at + 27] === 17 && (buf[at + 18] !== 0x45 || buf[at + 38] === 0)) return 0;
  return (buf[at + 30]! << 24) | (buf[at + 31]! << 16) | (buf[at + 32]! << 8) | buf[at + 33]!;
}

/** Whether the scheduler is to be told of output of this port: it does not know, or it waits although a block is full. */
function awaitsFlush(port: HubPort): boolean {
  const { flushState } = port;
  return flushState !== flushAtEndOfRead && (flushState !== flushAtEndOfTurn || port.output.hasFullBlock);
}

function passesAll(port: HubPort, buf: Buffer, at: number, size: number): boolean {
  for (const filter of port.filters) if (!filter.passes(buf, at, size)) return false;
  return true;
}

function removeFrom(list: HubPort[], port: HubPort): void {
  const index = list.indexOf(port);
  if (index !== -1) list.splice(index, 1);
}
