import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { DecodeError } from '#base';
import { BlockReader, type BlockReaderOptions } from '../../../src/softether/codec/block-reader.ts';

/** What a reader made of a stream. */
export interface Reading {
  /** Each frame handed on, hex. */
  readonly frames: string[];
  readonly keepAlives: number[];
  readonly dropped: number;
  /** Where and why the stream broke; undefined if it did not. */
  readonly broken: { readonly offset: number; readonly message: string } | undefined;
}

/** Feeds `chunks`, and checks that each run is what `BlockSink` promises. */
export function readChunks(chunks: readonly Buffer[], options: BlockReaderOptions = {}): Reading {
  const frames: string[] = [];
  const keepAlives: number[] = [];
  const reader = new BlockReader(
    {
      run(buf, from, to, count) {
        const first = frames.length;
        for (let at = from; at < to;) {
          const end = at + 4 + buf.readUInt32BE(at);
          frames.push(buf.toString('hex', at + 4, end));
          at = end;
        }
        const added = frames.slice(first);
        if (added.length !== count) throw new Error(`run of ${count} frames has ${added.length}`);
        if (new Set(added.map((frame) => frame.slice(0, 24))).size !== 1) throw new Error('run with mixed addresses');
        if (added.some((frame) => frame.length < 28 || frame.length > 3200)) throw new Error('run with a bad size');
      },
      keepAlive: (size) => keepAlives.push(size),
    },
    options,
  );
  let broken;
  try {
    // The reader may keep nothing of a chunk: it is spoiled after each push, as a shared receive buffer is.
    for (const chunk of chunks) {
      const copy = Buffer.from(chunk);
      reader.push(copy);
      copy.fill(0xa5);
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    broken = { offset: error.offset, message: error.message };
  }
  reader.close();
  if (reader.frames !== frames.length) throw new Error(`counted ${reader.frames} of ${frames.length} frames`);
  if (reader.keepAlives !== keepAlives.length) throw new Error('keep-alives counted wrongly');
  return { frames, keepAlives, dropped: reader.droppedFrames, broken };
}

/** Cuts `stream` at these places. */
export function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => Math.min(place, stream.length)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => stream.subarray(from, sorted[i] ?? stream.length));
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export type Item =
  | { readonly kind: 'keepAlive'; readonly size: number }
  | { readonly kind: 'blocks'; readonly blocks: readonly Buffer[] };

export function encode(items: readonly Item[], isCompressed = false): Buffer {
  return Buffer.concat(
    items.map((item) => {
      if (item.kind === 'keepAlive')
        return Buffer.concat([u32(0xffff_ffff), u32(item.size), Buffer.alloc(item.size, 1)]);
      const blocks = item.blocks.map((block) => (isCompressed && block.length > 0 ? deflateSync(block) : block));
      return Buffer.concat([u32(blocks.length), ...blocks.flatMap((block) => [u32(block.length), block])]);
    }),
  );
}

/** A frame with few possible addresses, so that neighbours often agree. */
const frame = fc
  .tuple(
    fc.constantFrom(0, 1, 2),
    fc.constantFrom(0, 1),
    fc.oneof(fc.integer({ min: 0, max: 80 }), fc.constantFrom(13, 14, 1599, 1600, 1601, 3200)),
    fc.nat(255),
  )
  .map(([destination, source, size, fill]) => {
    const bytes = Buffer.alloc(size, fill);
    if (size > 11) {
      bytes.fill(0, 0, 12);
      bytes[5] = destination;
      bytes[11] = source;
    }
    return bytes;
  });

export const items: fc.Arbitrary<Item[]> = fc.array(
  fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('keepAlive' as const), size: fc.integer({ min: 0, max: 512 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('blocks' as const), blocks: fc.array(frame, { maxLength: 12 }) }),
    },
  ),
  { maxLength: 12 },
);

export const places = fc.array(fc.nat(20_000), { maxLength: 200 });
