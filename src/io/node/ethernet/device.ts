import { closeSync } from 'node:fs';
import { IoError } from '../../errors.ts';
import type { EthernetCounters, EthernetDevice, EthernetSink } from '../../ethernet.ts';
import { frameMaxBytes, framesPerTurn, sizeBytes, type Burst } from './burst.ts';
import type { Poll } from '../loop-poll.ts';
import { errno, type Native } from './native.ts';

/** How one kind of device moves frames. A call gives the error number, or 0. */
export interface FramePath {
  /** Adds what the next frame gives (nothing, a frame, or more) to the burst. EAGAIN = there is none. */
  receive(burst: Burst, sink: EthernetSink): number;
  /** `address` = where the frame is in memory. */
  send(address: number, size: number): number;
  /** Frames received that were longer than a hub carries. */
  readonly oversizedFrames: number;
  /** Why an error number means that the device is gone; undefined = it does not. */
  goneBecause(error: number): string | undefined;
  notices(): readonly string[];
}

export interface OpenDevice {
  readonly name: string;
  readonly macAddress: Buffer;
  /** Closed with the device. */
  readonly fds: readonly number[];
  /** The one of them that is polled. */
  readonly readFd: number;
  readonly path: FramePath;
}

/** The driver of every device: readiness, turns, errors, counters. */
export class NodeEthernetDevice implements EthernetDevice {
  readonly name: string;
  readonly macAddress: Buffer;
  readonly counters: EthernetCounters;
  readonly #native: Native;
  readonly #burst: Burst;
  readonly #device: OpenDevice;
  readonly #path: FramePath;
  readonly #ended: (() => void)[] = [];
  #sink: EthernetSink | undefined;
  #poll: Poll | undefined;
  #isTurnDue = false;
  #hasPollFailed = false;
  #isClosed = false;

  constructor(native: Native, burst: Burst, device: OpenDevice) {
    this.name = device.name;
    this.macAddress = device.macAddress;
    this.#native = native;
    this.#burst = burst;
    this.#device = device;
    this.#path = device.path;
    this.counters = { receivedFrames: 0, sentFrames: 0, oversizedFrames: 0, refusedFrames: 0 };
  }

  notices(): readonly string[] {
    return this.#path.notices();
  }

  receive(sink: EthernetSink): void {
    this.#sink = {
      frames: (records, from, to, count) => {
        this.counters.receivedFrames += count;
        sink.frames(records, from, to, count);
      },
      closed: (error) => sink.closed(error),
    };
    if (this.#isClosed || this.#poll !== undefined) return;
    this.#poll = this.#native.poll(this.#device.readFd, (hasFailed) => this.#ready(hasFailed));
  }

  send(buf: Buffer, from: number, to: number, count: number): number {
    if (this.#isClosed) return 0;
    const address = this.#native.addressOf(buf);
    let sent = 0;
    for (let at = from, left = count; left > 0 && at + sizeBytes <= to; left--) {
      const size = buf.readUInt32BE(at);
      if (at + sizeBytes + size > to) break;
      const error = size > frameMaxBytes ? errno.EINVAL : this.#path.send(address + at + sizeBytes, size);
      at += sizeBytes + size;
      if (error === 0) sent++;
      else if (this.#endsWith(error)) break;
    }
    this.counters.sentFrames += sent;
    this.counters.refusedFrames += count - sent;
    return sent;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#poll?.close();
    for (const fd of this.#device.fds) closeSync(fd);
    for (const ended of this.#ended) ended();
  }

  /** Called when the device is closed, however that comes. */
  onEnd(ended: () => void): void {
    this.#ended.push(ended);
  }

  /** Ends the device from inside: its sink is told why, in a turn of its own. */
  fail(error: Error): void {
    if (this.#isClosed) return;
    this.close();
    setImmediate(() => this.#sink?.closed(error));
  }

  /**
   * Called in the poll phase, outside of what the runtime calls a callback scope: promises would not run after it. So the
   * work is done in the check phase of the same turn.
   */
  #ready(hasFailed: boolean): void {
    this.#hasPollFailed ||= hasFailed;
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    const hasFailed = this.#hasPollFailed;
    this.#hasPollFailed = false;
    const sink = this.#sink;
    if (this.#isClosed || sink === undefined) return;
    const error = this.#readBurst(sink);
    this.counters.oversizedFrames = this.#path.oversizedFrames;
    if (this.#closedMeanwhile()) this.#burst.clear();
    else this.#burst.deliver(sink);
    if (error !== errno.EAGAIN && this.#endsWith(error)) return;
    if (hasFailed && !this.#closedMeanwhile()) this.#poll?.restart();
  }

  /** The error that ended the burst; 0 = the turn is over, and there may be more. */
  #readBurst(sink: EthernetSink): number {
    for (let frames = 0; frames < framesPerTurn; frames++) {
      const error = this.#path.receive(this.#burst, sink);
      if (error === errno.EINTR) continue;
      if (error !== 0) return error;
      // The sink may have closed us: the file descriptor may be another's by now.
      if (this.#closedMeanwhile()) return errno.EAGAIN;
    }
    return 0;
  }

  #closedMeanwhile(): boolean {
    return this.#isClosed;
  }

  #endsWith(error: number): boolean {
    const why = this.#path.goneBecause(error);
    if (why === undefined) return false;
    this.fail(new IoError('DEVICE_GONE', why));
    return true;
  }
}
