import { DecodeError, type BufferPool } from '#base';

/** A block that is larger closes the socket (SoftEther protocol §5.2). */
export const maxBlockBytes = 3200;
/** A frame that is larger is dropped. */
export const maxFrameBytes = 1600;
const maxKeepAliveBytes = 512;
const minFrameBytes = 14;
const keepAliveMark = 0xffff_ffff;

export interface BlockSink {
  /**
   * `frames` records `[u32 size][frame]` of buf[from, to), all with the same destination and source address, each frame
   * 14 to 1600 bytes. `buf` is valid until `run` returns.
   */
  run(buf: Buffer, from: number, to: number, frames: number): void;
  /** A keep-alive of `size` bytes has come to its end. */
  keepAlive?(size: number): void;
}

export interface BlockReaderOptions {
  /** Lends the buffer for a record that straddles two chunks, `maxBlockBytes + 4` or larger. Default: own buffers. */
  readonly pool?: BufferPool;
  /**
   * The session has compression: each block is a zlib stream. Returns the frame, at most `maxFrameBytes` long, or
   * undefined if the data are bad or the frame is longer; must not throw.
   */
  readonly inflate?: (block: Buffer) => Buffer | undefined;
}

/**
 * Reads the data stream of one socket (SoftEther protocol §5.2), in chunks split anywhere:
 *
 *   u32 N            0: nothing · 0xFFFFFFFF: keep-alive, u32 size ≤ 512 and so many bytes · else N blocks:
 *   u32 size         ≤ 3200, else the stream is broken · 0: skipped · < 14 or > 1600: dropped
 *   size bytes       an Ethernet frame, or its zlib stream
 *
 * Neighbouring frames with equal addresses are handed on as one run, still in the form of the wire.
 */
export class BlockReader {
  /** Complete frames handed on, and what was dropped for its size or bad deflate data. */
  frames = 0;
  droppedFrames = 0;
  keepAlives = 0;
  readonly #sink: BlockSink;
  readonly #pool: BufferPool | undefined;
  readonly #inflate: ((block: Buffer) => Buffer | undefined) | undefined;
  /** Blocks still to come in this batch. */
  #left = 0;
  /** Up to 3 bytes of a header that straddles two chunks. */
  #word = 0;
  #wordBytes = 0;
  /** The next number is the size of a keep-alive. */
  #isKeepAliveSize = false;
  /** Size of the keep-alive that is being passed over. */
  #keepAliveSize = 0;
  /** Bytes to pass over: of a keep-alive, or of a block that is too large for a frame. */
  #skip = 0;
  /** A record that straddles two chunks, size included. Borrowed only while there is one. */
  #part: Buffer | undefined;
  #partBytes = 0;
  /** Compressed sessions: a record with the frame that was last inflated. */
  #inflated: Buffer | undefined;
  /** Stream bytes of the chunks before this one. */
  #consumed = 0;

  constructor(sink: BlockSink, options: BlockReaderOptions = {}) {
    this.#sink = sink;
    this.#pool = options.pool;
    this.#inflate = options.inflate;
  }

  /** Throws `DecodeError` when the stream is broken: close the socket, and do not push any more. */
  push(chunk: Buffer): void {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#left === 0) at = this.#skip === 0 ? this.#header(chunk, at, end) : this.#passKeepAlive(at, end);
      else if (this.#part !== undefined) at = this.#finishPart(this.#part, chunk, at, end);
      else if (this.#skip !== 0) at = this.#passBlock(at, end);
      else at = this.#inflate === undefined ? this.#scan(chunk, at, end) : this.#scanCompressed(chunk, at, end);
    }
    this.#consumed += end;
  }

  /** Gives back what was borrowed; the socket is gone. */
  close(): void {
    if (this.#part !== undefined) this.#pool?.give(this.#part);
    this.#part = undefined;
  }

  #header(chunk: Buffer, from: number, end: number): number {
    let at = from;
    let value: number;
    if (this.#wordBytes === 0 && end - at >= 4) {
      value = chunk.readUInt32BE(at);
      at += 4;
    } else {
      while (this.#wordBytes < 4 && at < end) {
        this.#word = ((this.#word << 8) | chunk[at++]!) >>> 0;
        this.#wordBytes++;
      }
      if (this.#wordBytes < 4) return at;
      value = this.#word;
      this.#word = 0;
      this.#wordBytes = 0;
    }
    if (this.#isKeepAliveSize) this.#startKeepAlive(value, at);
    else if (value === keepAliveMark) this.#isKeepAliveSize = true;
    else this.#left = value;
    return at;
  }

  #startKeepAlive(size: number, at: number): void {
    if (size > maxKeepAliveBytes) {
      throw new DecodeError(`keep-alive of ${size} bytes, at most ${maxKeepAliveBytes} allowed`, this.#consumed + at);
    }
    this.#isKeepAliveSize = false;
    this.#keepAliveSize = size;
    this.#skip = size;
    if (size === 0) this.#endKeepAlive();
  }

  #passKeepAlive(at: number, end: number): number {
    const passed = Math.min(this.#skip, end - at);
    this.#skip -= passed;
    if (this.#skip === 0) this.#endKeepAlive();
    return at + passed;
  }

  #endKeepAlive(): void {
    this.keepAlives++;
    this.#sink.keepAlive?.(this.#keepAliveSize);
  }

  #passBlock(at: number, end: number): number {
    const passed = Math.min(this.#skip, end - at);
    this.#skip -= passed;
    if (this.#skip === 0) this.#left--;
    return at + passed;
  }

  /** The hot loop: whole records of chunk[from, end), grouped into runs of equal addresses. */
  #scan(chunk: Buffer, from: number, end: number): number {
    const sink = this.#sink;
    let left = this.#left;
    let at = from;
    let start = from;
    let count = 0;
    let total = 0;
    let destinationHi = 0;
    let destinationLo = 0;
    let sourceHi = 0;
    let sourceLo = 0;
    let size = 0;
    while (left !== 0 && end - at >= 4) {
      size = (chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!;
      const next = at + 4 + size;
      if (size < minFrameBytes || size > maxFrameBytes || next > end) {
        if (size < 0 || size > maxFrameBytes || next > end) break;
        // Too short for a frame: it parts two runs.
        if (count !== 0) sink.run(chunk, start, at, count);
        if (size !== 0) this.droppedFrames++;
        left--;
        count = 0;
        start = next;
        at = next;
        continue;
      }
      const dh = (chunk[at + 4]! << 8) | chunk[at + 5]!;
      const dl = (chunk[at + 6]! << 24) | (chunk[at + 7]! << 16) | (chunk[at + 8]! << 8) | chunk[at + 9]!;
      const sh = (chunk[at + 10]! << 8) | chunk[at + 11]!;
      const sl = (chunk[at + 12]! << 24) | (chunk[at + 13]! << 16) | (chunk[at + 14]! << 8) | chunk[at + 15]!;
      if (dl !== destinationLo || sl !== sourceLo || dh !== destinationHi || sh !== sourceHi) {
        if (count !== 0) sink.run(chunk, start, at, count);
        start = at;
        count = 0;
        destinationHi = dh;
        destinationLo = dl;
        sourceHi = sh;
        sourceLo = sl;
      }
      count++;
      total++;
      left--;
      at = next;
    }
    if (count !== 0) sink.run(chunk, start, at, count);
    this.frames += total;
    this.#left = left;
    return left === 0 || at === end ? at : this.#startPart(chunk, at, end);
  }

  #scanCompressed(chunk: Buffer, from: number, end: number): number {
    let at = from;
    while (this.#left !== 0 && end - at >= 4) {
      const size = chunk.readUInt32BE(at);
      const next = at + 4 + size;
      if (size > maxBlockBytes || next > end) break;
      this.#inflateBlock(chunk, at + 4, next);
      this.#left--;
      at = next;
    }
    return this.#left === 0 || at === end ? at : this.#startPart(chunk, at, end);
  }

  /** What is left of the chunk is the beginning of a record, or of one that is too large. */
  #startPart(chunk: Buffer, from: number, end: number): number {
    if (end - from >= 4 && this.#isOversized(chunk.readUInt32BE(from), from)) return from + 4;
    const part = this.#pool?.take() ?? Buffer.allocUnsafeSlow(4 + maxBlockBytes);
    chunk.copy(part, 0, from, end);
    this.#part = part;
    this.#partBytes = end - from;
    return end;
  }

  #finishPart(part: Buffer, chunk: Buffer, from: number, end: number): number {
    let at = from;
    if (this.#partBytes < 4) {
      while (this.#partBytes < 4 && at < end) part[this.#partBytes++] = chunk[at++]!;
      if (this.#partBytes < 4) return at;
      if (this.#isOversized(part.readUInt32BE(0), at - 4)) {
        this.close();
        return at;
      }
    }
    const length = 4 + part.readUInt32BE(0);
    const taken = Math.min(length - this.#partBytes, end - at);
    chunk.copy(part, this.#partBytes, at, at + taken);
    this.#partBytes += taken;
    if (this.#partBytes === length) {
      this.#left--;
      this.#record(part, length);
      this.close();
    }
    return at + taken;
  }

  /** A whole record that straddled chunks. */
  #record(part: Buffer, length: number): void {
    if (this.#inflate !== undefined) {
      this.#inflateBlock(part, 4, length);
    } else if (length >= 4 + minFrameBytes) {
      this.frames++;
      this.#sink.run(part, 0, length, 1);
    } else if (length > 4) {
      this.droppedFrames++;
    }
  }

  /** True = the block is one to pass over. */
  #isOversized(size: number, at: number): boolean {
    if (size > maxBlockBytes) {
      throw new DecodeError(`block of ${size} bytes, at most ${maxBlockBytes} allowed`, this.#consumed + at);
    }
    if (size <= maxFrameBytes || this.#inflate !== undefined) return false;
    this.droppedFrames++;
    this.#skip = size;
    return true;
  }

  #inflateBlock(buf: Buffer, from: number, to: number): void {
    if (from === to) return;
    const frame = this.#inflate?.(buf.subarray(from, to));
    if (frame === undefined || frame.length < minFrameBytes || frame.length > maxFrameBytes) {
      if (frame?.length !== 0) this.droppedFrames++;
      return;
    }
    const record = (this.#inflated ??= Buffer.allocUnsafeSlow(4 + maxFrameBytes));
    record.writeUInt32BE(frame.length, 0);
    frame.copy(record, 4);
    this.frames++;
    this.#sink.run(record, 0, 4 + frame.length, 1);
  }
}
