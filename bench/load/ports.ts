import type { FramePort, FrameSession, OpenFramePort } from '#softether';
import { blockOf, datagram, everybody, type Station } from './stations.ts';

const maxWaitingBlocks = 64;

/** A load client's side of a session: tells the hub its address, sends what it is given, counts what comes. */
export abstract class LoadPort implements FramePort {
  receivedFrames = 0;
  receivedBytes = 0;
  session: FrameSession | undefined;
  /** Blocks that the session did not take in time. */
  refusedBlocks = 0;
  #waiting: Buffer[] = [];

  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  readonly open: OpenFramePort = (session) => {
    if (session.isCompressed) throw new Error('the load client floods and paces without compression');
    this.session = session;
    return this;
  };

  take(): Buffer {
    const block = this.#waiting.shift();
    if (block === undefined) throw new Error('nothing is pending');
    return block;
  }

  release(_block: Buffer): void {
    // what was sent is garbage, or is sent again
  }

  receive(_buf: Buffer, from: number, to: number, frames: number): void {
    this.receivedFrames += frames;
    this.receivedBytes += to - from - 4 * frames;
  }

  endOfRead(): void {
    // counted already
  }

  close(): void {
    this.#waiting = [];
  }

  send(block: Buffer): void {
    if (this.#waiting.length >= maxWaitingBlocks) {
      this.refusedBlocks++;
      return;
    }
    this.#waiting.push(block);
    this.session?.flush();
  }

  /** So that the hub knows behind which session the address is. */
  announce(self: Station): void {
    this.send(blockOf([datagram(self, everybody, 60)]));
  }
}

export class CountingPort extends LoadPort {}

/** What one sender writes in a turn of the loop. Without a limit a fast server would keep us from reading what it sends. */
const floodBytesPerTurn = 256 * 1024;

/** Sends the same blocks over and over, as fast as the session takes them. */
export class FloodPort extends LoadPort {
  sentBlocks = 0;
  #blocks: readonly Buffer[] = [];
  #leftThisTurn = floodBytesPerTurn;

  override get pending(): boolean {
    return (this.#blocks.length > 0 && this.#leftThisTurn > 0) || super.pending;
  }

  override take(): Buffer {
    const count = this.#blocks.length;
    if (count === 0 || super.pending) return super.take();
    const block = this.#blocks[this.sentBlocks++ % count]!;
    if (this.#leftThisTurn === floodBytesPerTurn) setImmediate(this.#nextTurn);
    this.#leftThisTurn -= block.length;
    return block;
  }

  start(blocks: readonly Buffer[]): void {
    this.#blocks = blocks;
    this.session?.flush();
  }

  stop(): void {
    this.#blocks = [];
  }

  readonly #nextTurn = (): void => {
    this.#leftThisTurn = floodBytesPerTurn;
    this.session?.flush();
  };
}
