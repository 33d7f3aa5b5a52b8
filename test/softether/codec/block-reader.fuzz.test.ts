import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '#io/sim';
import { cut, encode, readChunks, type Item } from './block-streams.ts';

const inputs = 20_000;

/** A valid stream, some of whose bytes are then changed, left out or doubled. */
function mutated(random: SeededRandom, isCompressed = false): Buffer {
  const stream: Item[] = Array.from({ length: 1 + random.below(4) }, () =>
    random.below(4) === 0
      ? { kind: 'keepAlive', size: random.below(513) }
      : { kind: 'blocks', blocks: Array.from({ length: random.below(6) }, () => random.bytes(random.below(120))) },
  );
  let bytes = encode(stream, isCompressed);
  for (let i = random.below(6); i > 0 && bytes.length > 0; i--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(8);
    const kind = random.below(4);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) random.bytes(4).copy(bytes, at);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
  }
  return bytes;
}

describe('the block reader', () => {
  it(`reads ${inputs} damaged streams without a crash, and each the same way whole and in pieces`, () => {
    const random = new SeededRandom(20_261_122);
    for (let i = 0; i < inputs; i++) {
      const bytes = mutated(random);
      const whole = readChunks([bytes]);
      const places = Array.from({ length: random.below(12) }, () => random.below(bytes.length + 1));
      const pieces = readChunks(cut(bytes, places));
      expect(pieces, `input ${i}: ${bytes.toString('hex')}, cut at ${places.join()}`).toEqual(whole);
    }
  });

  it('does so in a compressed session too', () => {
    const inflate = (block: Buffer): Buffer | undefined => {
      try {
        return inflateSync(block, { maxOutputLength: 1600 });
      } catch {
        return undefined;
      }
    };
    const random = new SeededRandom(7);
    for (let i = 0; i < inputs / 10; i++) {
      const bytes = mutated(random, true);
      const whole = readChunks([bytes], { inflate });
      const pieces = readChunks(cut(bytes, [random.below(bytes.length + 1), random.below(bytes.length + 1)]), {
        inflate,
      });
      expect(pieces, `input ${i}: ${bytes.toString('hex')}`).toEqual(whole);
    }
  });
});
