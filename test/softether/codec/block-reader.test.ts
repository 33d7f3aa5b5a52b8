import { readFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '#base';
import { BlockReader } from '../../../src/softether/codec/block-reader.ts';
import { encode, readChunks, u32 } from './block-streams.ts';

const frame = Buffer.from('33330000001602ca1fb02f6f86dd60000000', 'hex');
const inflate = (block: Buffer): Buffer | undefined => {
  try {
    return inflateSync(block, { maxOutputLength: 1600 });
  } catch {
    return undefined;
  }
};

describe('the block reader (SoftEther protocol §5.2)', () => {
  it('reads the example of a keep-alive followed by one frame', () => {
    const stream = Buffer.concat([
      Buffer.from('ffffffff00000006f2bc8fc7d667', 'hex'),
      u32(1),
      u32(frame.length),
      frame,
    ]);
    expect(readChunks([stream])).toEqual({
      frames: [frame.toString('hex')],
      keepAlives: [6],
      dropped: 0,
      broken: undefined,
    });
  });

  it('accepts a keep-alive of size 0 and a batch of no blocks', () => {
    const stream = Buffer.concat([u32(0xffff_ffff), u32(0), u32(0), u32(1), u32(frame.length), frame]);
    expect(readChunks([stream])).toMatchObject({ keepAlives: [0], frames: [frame.toString('hex')] });
  });

  it('breaks at a keep-alive of more than 512 bytes', () => {
    expect(readChunks([Buffer.concat([u32(0xffff_ffff), u32(513)])]).broken).toEqual({
      offset: 8,
      message: 'keep-alive of 513 bytes, at most 512 allowed (at byte 8)',
    });
    expect(readChunks([encode([{ kind: 'keepAlive', size: 512 }])]).broken).toBeUndefined();
  });

  it('breaks at a block of more than 3200 bytes, wherever its header is cut', () => {
    const stream = Buffer.concat([u32(1), u32(3201)]);
    for (let at = 0; at <= stream.length; at++) {
      expect(readChunks([stream.subarray(0, at), stream.subarray(at)]).broken?.message).toMatch(/block of 3201 bytes/);
    }
    expect(readChunks([Buffer.concat([u32(1), u32(0xffff_fff0)])]).broken?.message).toMatch(/block of 4294967280/);
  });

  it('skips empty blocks, drops frames that are too short or too long, and reads on', () => {
    const blocks = [Buffer.alloc(0), Buffer.alloc(13), frame, Buffer.alloc(1601), Buffer.alloc(3200), frame];
    expect(readChunks([encode([{ kind: 'blocks', blocks }])])).toMatchObject({
      frames: [frame.toString('hex'), frame.toString('hex')],
      dropped: 3,
    });
    expect(readChunks([encode([{ kind: 'blocks', blocks: [Buffer.alloc(13), Buffer.alloc(1601)] }])]).dropped).toBe(2);
  });

  it('hands on neighbouring frames with equal addresses as one run', () => {
    const other = Buffer.from(frame);
    other[0] = 2;
    const runs: number[] = [];
    const reader = new BlockReader({ run: (_buf, _from, _to, frames) => runs.push(frames) });
    reader.push(encode([{ kind: 'blocks', blocks: [frame, frame, frame, other, other, frame] }]));
    expect(runs).toEqual([3, 2, 1]);
  });

  it('owns no buffer while no record straddles two chunks, and gives a borrowed one back', () => {
    const pool = new BufferPool(4096, 8);
    const reader = new BlockReader({ run: () => undefined }, { pool });
    const stream = encode([{ kind: 'blocks', blocks: [frame, frame] }]);
    reader.push(stream);
    expect(pool.idleCount).toBe(0);
    reader.push(stream.subarray(0, 20));
    reader.push(stream.subarray(20));
    expect(pool.idleCount).toBe(1);
    reader.push(stream.subarray(0, 20));
    expect(pool.idleCount).toBe(0);
    reader.close();
    expect(pool.idleCount).toBe(1);
  });

  it('inflates each block of a compressed session on its own (§5.4)', () => {
    const stream = encode([{ kind: 'blocks', blocks: [frame, frame, Buffer.alloc(0), frame] }], true);
    expect(readChunks([stream], { inflate }).frames).toHaveLength(3);
  });

  it('takes bad deflate data, and what inflates beyond 1600 bytes, for no frame', () => {
    const bomb = deflateSync(Buffer.alloc(1601, 1));
    const stream = encode([
      { kind: 'blocks', blocks: [Buffer.from('not deflate data at all'), bomb, deflateSync(frame)] },
    ]);
    expect(readChunks([stream], { inflate })).toMatchObject({ frames: [frame.toString('hex')], dropped: 2 });
  });
});

interface Captured {
  readonly connections: readonly {
    readonly messages: readonly {
      readonly frame?: 'data' | 'keepalive';
      readonly size?: number;
      readonly blocks?: readonly string[];
      readonly hex?: string;
    }[];
  }[];
}

describe('the block reader on a captured session', () => {
  const vector = JSON.parse(
    readFileSync(new URL('../../vectors/softether/login-ticket-session.json', import.meta.url), 'utf8'),
  ) as Captured;
  const messages = vector.connections
    .flatMap((connection) => connection.messages)
    .filter(({ hex }) => hex !== undefined);

  it('reads the frames and keep-alives that the capture names', () => {
    expect(messages.length).toBeGreaterThan(15);
    for (const { frame: kind, size, blocks, hex } of messages) {
      const reading = readChunks([Buffer.from(hex!, 'hex')]);
      expect(reading).toEqual({
        frames: kind === 'data' ? blocks : [],
        keepAlives: kind === 'data' ? [] : [size],
        dropped: 0,
        broken: undefined,
      });
    }
  });
});
