import { OutputQueue, unicast, type BlockPools } from '#hub';
import type { EthernetDevice } from '#io';
import { deflateFrame } from '../codec/frame-compression.ts';
import type { FramePort, FrameSession } from './frame-port.ts';

export interface DeviceLinkOptions {
  readonly device: EthernetDevice;
  readonly pools: BlockPools;
  /** Waiting for the server; what would go beyond is dropped and counted. */
  readonly queueMaxBytes: number;
  /** The device is gone; nothing is delivered any more. */
  readonly gone: (error: Error | undefined) => void;
}

/** Looks at frames on their way from the server to the device: records of buf[from, to), not to be kept. */
export type FrameObserver = (buf: Buffer, from: number, to: number) => void;

/**
 * An Ethernet device as the port of one client session after the other. Frames that the device gives while there is no
 * session are dropped, as on a cable that is not plugged in.
 */
export class DeviceLink {
  readonly device: EthernetDevice;
  /** Undefined = nobody looks, which costs nothing. */
  observer: FrameObserver | undefined;
  /** Frames from the server that the device did not take. */
  lostFrames = 0;
  readonly #options: DeviceLinkOptions;
  #current: DevicePort | undefined;

  constructor(options: DeviceLinkOptions) {
    this.device = options.device;
    this.#options = options;
    options.device.receive({
      frames: (records, from, to, count) => this.#current?.send(records, from, to, count),
      closed: (error) => options.gone(error),
    });
  }

  /** Frames of the current session; 0 without one. */
  get droppedFrames(): number {
    return this.#current?.queue.droppedFrames ?? 0;
  }

  /** The port for a new session, which takes the place of the one before. */
  open(session: FrameSession): FramePort {
    const { pools, queueMaxBytes } = this.#options;
    const encode = session.isCompressed ? deflateFrame : undefined;
    const port = new DevicePort(this, session, new OutputQueue({ pools, maxBytes: queueMaxBytes, encode }));
    this.#current = port;
    return port;
  }

  /** Sends a frame of our own making to the server; dropped where there is no session. */
  sendFrame(frame: Buffer): void {
    const record = Buffer.allocUnsafe(4 + frame.length);
    record.writeUInt32BE(frame.length);
    frame.copy(record, 4);
    this.#current?.send(record, 0, record.length, 1);
  }

  /** Called by a port that is closed. */
  left(port: DevicePort): void {
    if (this.#current === port) this.#current = undefined;
  }
}

class DevicePort implements FramePort {
  readonly queue: OutputQueue;
  readonly #link: DeviceLink;
  readonly #session: FrameSession;

  constructor(link: DeviceLink, session: FrameSession, queue: OutputQueue) {
    this.#link = link;
    this.#session = session;
    this.queue = queue;
  }

  get pending(): boolean {
    return this.queue.pending;
  }

  take(): Buffer {
    return this.queue.take();
  }

  release(block: Buffer): void {
    this.queue.release(block);
  }

  receive(buf: Buffer, from: number, to: number, frames: number): void {
    this.#link.observer?.(buf, from, to);
    this.#link.lostFrames += frames - this.#link.device.send(buf, from, to, frames);
  }

  endOfRead(): void {
    // the device has taken each run already
  }

  close(): void {
    this.queue.clear();
    this.#link.left(this);
  }

  /** What the device gave in one turn goes out at once: it came as a batch already. */
  send(records: Buffer, from: number, to: number, frames: number): void {
    this.queue.append(records, from, to, frames, unicast);
    this.#session.flush();
  }
}
