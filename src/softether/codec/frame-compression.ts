import { deflateSync, inflateSync } from 'node:zlib';
import { maxFrameBytes } from './block-reader.ts';

/** An Ethernet frame as one block of a session with compression: a zlib stream of its own (RFC 1950). */
export function deflateFrame(frame: Buffer): Buffer {
  return deflateSync(frame);
}

/** The frame in such a block; undefined if it is no zlib stream, or the frame is longer than any frame may be. */
export function inflateFrame(block: Buffer): Buffer | undefined {
  try {
    return inflateSync(block, { maxOutputLength: maxFrameBytes });
  } catch {
    return undefined;
  }
}
