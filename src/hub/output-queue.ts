import type { BufferPool } from '#base';
import { FrameCounter, type FrameKind } from './traffic.ts';

/** Room for the block count `[u32 N]` in front of the records. */
const headerBytes = 4;

/** Turns one Ethernet frame into the block that carries it (compressed sessions: zlib). */
export type FrameEncoder = (frame: Buffer) => Uint8Array;

/** The buffers that output is gathered in: most turns of an idle hub need a small one, bulk needs a large one. */
export interface BlockPools {
  readonly small: BufferPool;
  readonly large: BufferPool;
  /** When more large blocks than this are in use, each queue gets only `queueMaxBytes`: many slow receivers at once. */
  readonly scarcity?: { readonly largeBlocks: number; readonly queueMaxBytes: number };
}

export interface OutputQueueOptions {
  readonly pools: BlockPools;
  /** Bytes waiting, framing included; what would go beyond is dropped. Blocks handed out by `take` no longer count. */
  readonly maxBytes: number;
  /** undefined = frames go out as they are. */
  readonly encode?: FrameEncoder | undefined;
}

/**
 * What waits for one session, in the form of the wire: blocks `[u32 N]([u32 size][frame])×N`. Records arrive in that
 * form too, so a run of them is one copy. An idle queue owns no buffer.
 */
export class OutputQueue {
  /** Frames that were taken into the queue. */
  readonly queued = new FrameCounter();
  /** Frames that found the queue full. */
  droppedFrames = 0;
  readonly #pools: BlockPools;
  readonly #maxBytes: number;
  readonly #encode: FrameEncoder | undefined;
  /** The block being filled; [4, #end) holds `#frames` records. Without a block, `#limit` is 0: nothing fits. */
  #block: Buffer | undefined;
  #end = headerBytes;
  #frames = 0;
  /** How far the block may be filled: its size, less if `maxBytes` ends before. */
  #limit = 0;
  readonly #full: { readonly block: Buffer; readonly end: number; readonly frames: number }[] = [];
  #fullBytes = 0;
  readonly #lent: Buffer[] = [];
  /** The last block that was taken would have outgrown a small one, or nearly. */
  #wasBulk = false;

  constructor(options: OutputQueueOptions) {
    this.#pools = options.pools;
    this.#maxBytes = options.maxBytes;
    this.#encode = options.encode;
  }

  get pending(): boolean {
    return this.#frames !== 0 || this.#fullBytes !== 0;
  }

  /** A large block is full: waiting for more gains nothing any more. */
  get hasFullBlock(): boolean {
    return this.#fullBytes !== 0;
  }

  /** Bytes waiting, framing included. */
  get pendingBytes(): number {
    return this.#fullBytes + (this.#frames === 0 ? 0 : this.#end);
  }

  /** Copies `frames` records of buf[from, to). Frames that do not fit are dropped, the last ones first. */
  append(buf: Buffer, from: number, to: number, frames: number, kind: FrameKind): void {
    const length = to - from;
    if (this.#end + length > this.#limit && !this.#makeRoom(length)) {
      this.#appendInParts(buf, from, frames, kind);
      return;
    }
    buf.copy(this.#block!, this.#end, from, to);
    this.#end += length;
    this.#frames += frames;
    this.queued.add(kind, length - 4 * frames, frames);
  }

  /** The oldest waiting block, ready to send. Give it back with `release` when it has been written. */
  take(): Buffer {
    if (this.#fullBytes !== 0) {
      const { block, end, frames } = this.#full.shift()!;
      this.#fullBytes -= end;
      return this.#lend(block, end, frames);
    }
    const block = this.#block;
    if (block === undefined || this.#frames === 0) throw new Error('take from an empty output queue');
    this.#wasBulk = this.#end > this.#pools.small.size / 2;
    const taken = this.#lend(block, this.#end, this.#frames);
    this.#reset();
    return taken;
  }

  /** Takes back what `take` gave. A buffer that is not lent out (any more) is ignored. */
  release(taken: Buffer): void {
    const lent = this.#lent;
    for (let i = 0; i < lent.length; i++) {
      const block = lent[i]!;
      if (block.buffer !== taken.buffer) continue;
      lent[i] = lent[lent.length - 1]!;
      lent.pop();
      this.#giveBack(block);
      return;
    }
  }

  /** Drops what waits. Blocks lent out stay valid until they are released. */
  clear(): void {
    for (const { block } of this.#full) this.#giveBack(block);
    this.#full.length = 0;
    this.#fullBytes = 0;
    if (this.#block !== undefined) this.#giveBack(this.#block);
    this.#reset();
  }

  #reset(): void {
    this.#block = undefined;
    this.#end = headerBytes;
    this.#frames = 0;
    this.#limit = 0;
  }

  #giveBack(block: Buffer): void {
    (block.length === this.#pools.small.size ? this.#pools.small : this.#pools.large).give(block);
  }

  #lend(block: Buffer, end: number, frames: number): Buffer {
    if (this.#encode !== undefined) {
      const encoded = encodeBlock(block, end, frames, this.#encode);
      this.#giveBack(block);
      return encoded;
    }
    block[0] = frames >>> 24;
    block[1] = frames >>> 16;
    block[2] = frames >>> 8;
    block[3] = frames;
    this.#lent.push(block);
    return block.subarray(0, end);
  }

  /** The run is longer than any block, or than what may still wait: takes as many whole records as fit. */
  #appendInParts(buf: Buffer, from: number, frames: number, kind: FrameKind): void {
    let at = from;
    let left = frames;
    while (left > 0) {
      const most = at + this.#limit - this.#end;
      let next = at;
      let count = 0;
      while (count < left) {
        const end = next + 4 + buf.readUInt32BE(next);
        if (end > most) break;
        next = end;
        count++;
      }
      if (count > 0) {
        buf.copy(this.#block!, this.#end, at, next);
        this.#end += next - at;
        this.#frames += count;
        this.queued.add(kind, next - at - 4 * count, count);
      } else if (!this.#makeRoom(4 + buf.readUInt32BE(at))) {
        break;
      }
      at = next;
      left -= count;
    }
    this.droppedFrames += left;
  }

  /** Opens, enlarges or replaces the block. False = so many bytes still do not fit. */
  #makeRoom(length: number): boolean {
    const { small, large } = this.#pools;
    const block = this.#block;
    if (block === undefined) {
      // What came last time, or begins with a long run, foretells bulk: it should not have to move to a large block.
      this.#open(this.#wasBulk || length > small.size / 4 ? large : small);
    } else {
      // Blocks taken since may have made room below `maxBytes`.
      this.#limit = Math.min(block.length, this.#room());
      if (this.#end + length > this.#limit && this.#limit === block.length) this.#replace(block);
    }
    return this.#end + length <= this.#limit;
  }

  #replace(block: Buffer): void {
    const { small, large } = this.#pools;
    if (block.length === small.size) {
      this.#block = large.take();
      this.#limit = Math.min(large.size, this.#room());
      block.copy(this.#block, headerBytes, headerBytes, this.#end);
      small.give(block);
    } else if (this.#frames > 0) {
      this.#full.push({ block, end: this.#end, frames: this.#frames });
      this.#fullBytes += this.#end;
      this.#reset();
      this.#open(large);
    }
  }

  /** Bytes that may wait besides the full blocks. */
  #room(): number {
    const { large, scarcity } = this.#pools;
    const isScarce = scarcity !== undefined && large.lentCount > scarcity.largeBlocks;
    return (isScarce ? Math.min(this.#maxBytes, scarcity.queueMaxBytes) : this.#maxBytes) - this.#fullBytes;
  }

  #open(pool: BufferPool): void {
    const room = this.#room();
    if (room <= headerBytes) return;
    this.#block = pool.take();
    this.#limit = Math.min(pool.size, room);
  }
}

/** A block for a session with compression: each frame encoded on its own (SoftEther protocol §5.4). */
function encodeBlock(block: Buffer, end: number, frames: number, encode: FrameEncoder): Buffer {
  const parts: Uint8Array[] = [];
  let at = headerBytes;
  while (at < end) {
    const next = at + 4 + block.readUInt32BE(at);
    parts.push(encode(block.subarray(at + 4, next)));
    at = next;
  }
  const encoded = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + 4 + part.length, headerBytes));
  encoded.writeUInt32BE(frames, 0);
  at = headerBytes;
  for (const part of parts) {
    at = encoded.writeUInt32BE(part.length, at);
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}
