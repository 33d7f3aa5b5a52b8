import type { AttachedSession } from './attached-session.ts';
import type { FrameFilter } from './frame-filter.ts';
import { OutputQueue, type OutputQueueOptions } from './output-queue.ts';
import { addressLimits, type AddressLimits } from './policy.ts';
import type { Traffic } from './session-info.ts';
import { FrameCounter, trafficOf } from './traffic.ts';

/** The hub behind a port. */
export interface PortOwner {
  receive(port: HubPort, buf: Buffer, from: number, to: number, frames: number): void;
  endOfRead(hasMore: boolean): void;
}

/** Whether and where a port waits for its flush. */
export type FlushState = typeof flushIdle | typeof flushHeld | typeof flushAtEndOfTurn | typeof flushAtEndOfRead;
export const flushIdle = 0;
/** Only flooded frames wait; they may be gathered for some milliseconds. */
export const flushHeld = 1;
export const flushAtEndOfTurn = 2;
export const flushAtEndOfRead = 3;

export interface HubPortOptions {
  readonly id: number;
  readonly owner: PortOwner;
  readonly session: AttachedSession;
  readonly output: OutputQueueOptions;
  readonly isMonitor: boolean;
  readonly filters: readonly FrameFilter[];
  readonly attachedTick: number;
}

/**
 * Where a session meets its hub. Input: `receive` for each run of frames, `endOfRead` when a read callback is over.
 * Output: `pending`, `take` and `release`, when the session's `flush` is called.
 */
export class HubPort {
  readonly id: number;
  readonly session: AttachedSession;
  /** Receives a copy of every frame of the hub and may send none. */
  readonly isMonitor: boolean;
  readonly output: OutputQueue;
  readonly received = new FrameCounter();
  readonly attachedTick: number;
  /** Frames that filters, address limits, CheckMac, the storm limiter or monitor mode refused. */
  refusedFrames = 0;
  isAttached = true;

  // What follows belongs to the hub: rules and caches of its frame path.
  readonly filters: readonly FrameFilter[];
  readonly limits: AddressLimits;
  readonly refusesTakenMac: boolean;
  /** Every frame's source address is checked, not only the first of a run. */
  readonly checksEachAddress: boolean;
  readonly limitsStorms: boolean;
  macCount = 0;
  ipv4Count = 0;
  ipv6Count = 0;
  /** Source of the last run, and the tick when it was learned: the same one again needs no look at the table. */
  lastMacHi = -1;
  lastMacLo = 0;
  lastMacTick = -1;
  readonly lastIpv6 = new Int32Array(4);
  lastIpv6Tick = -1;
  flushState: FlushState = flushIdle;
  isInHeldList = false;
  isInTurnList = false;
  /** Turn of the loop of the last flush at the end of a read, and who caused it. */
  flushedTurn = -1;
  flushedBy = -1;
  /** Until this turn the port is flushed at the end of turns, since several sources feed it. */
  sharedUntilTurn = -1;
  readonly #owner: PortOwner;

  constructor(options: HubPortOptions) {
    const { policy, kind } = options.session;
    this.id = options.id;
    this.session = options.session;
    this.isMonitor = options.isMonitor;
    this.output = new OutputQueue(options.output);
    this.filters = options.filters;
    this.attachedTick = options.attachedTick;
    this.limits = addressLimits(policy);
    // A bridge must not take over the address of a session, nor learn it back from a loop (§10.2).
    this.refusesTakenMac = policy.CheckMac || kind === 'localBridge';
    this.checksEachAddress =
      policy.CheckIP ||
      policy.CheckIPv6 ||
      policy.DHCPForce ||
      this.limits.ipv4 !== Infinity ||
      this.limits.ipv6 !== Infinity;
    this.limitsStorms = !policy.NoBroadcastLimiter;
    this.#owner = options.owner;
  }

  /**
   * `frames` records `[u32 size][frame]` of buf[from, to), all with the same destination and source address, each frame
   * 14 to 1600 bytes. `buf` is not kept.
   */
  receive(buf: Buffer, from: number, to: number, frames: number): void {
    this.#owner.receive(this, buf, from, to, frames);
  }

  /**
   * To be called at the end of each read callback: sends on what came in, where waiting gains nothing. `hasMore`: another
   * one follows in this turn of the loop, or should; only full blocks need to go out now.
   */
  endOfRead(hasMore = false): void {
    this.#owner.endOfRead(hasMore);
  }

  get pending(): boolean {
    return this.output.pending;
  }

  /** The next block to write, as it goes on the wire. Give it back with `release` when it has been written. */
  take(): Buffer {
    return this.output.take();
  }

  release(taken: Buffer): void {
    this.output.release(taken);
  }

  /** As SoftEther counts a server session: seen from the other end, so `send` is what came in here. */
  get traffic(): Traffic {
    return trafficOf(this.output.queued, this.received);
  }

  /** Frames that found the output queue full. */
  get droppedFrames(): number {
    return this.output.droppedFrames;
  }
}
