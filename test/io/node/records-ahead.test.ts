import { describe, expect, test } from 'vitest';
import { createNodeNetwork } from '#io/node';
import { connectedPair } from './loopback.ts';

interface Told {
  readonly length: number;
  readonly hasMore: boolean | undefined;
}

/** Writes bursts to the server, each when the one before has come, and gives what its sink was told of each. */
async function bursts(protocol: 'TLSv1.2' | 'TLSv1.3', lengths: readonly number[], renegotiates = false) {
  const network = createNodeNetwork({ tlsEngine: 'runtime' });
  const { client, server } = await connectedPair({ network, listen: { chooseMaxVersion: () => protocol } });
  const told: Told[] = [];
  let bytes = 0;
  client.receive({ data: () => undefined, closed: () => undefined });
  server.receiveShared({
    data: (chunk, hasMore) => {
      told.push({ length: chunk.length, hasMore });
      bytes += chunk.length;
    },
    closed: () => undefined,
  });
  if (renegotiates) expect(await server.renegotiate()).toBe(true);
  const all: Told[][] = [];
  for (const length of lengths) {
    const before = bytes;
    client.write(Buffer.alloc(length));
    await expect.poll(() => bytes - before, { timeout: 10_000 }).toBe(length);
    all.push(told.splice(0));
  }
  return all;
}

const lastSaysMore = (burst: readonly Told[]): boolean => burst.at(-1)?.hasMore === true;
const count = 20;

describe('the reader of a TLS stream', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is told whether more records came with this one (%s)',
    async (protocol) => {
      const all = await bursts(protocol, Array<number>(count).fill(40_000));
      expect(all.filter(lastSaysMore)).toEqual([]);
      // Where the network parts a burst, a record may be the last of its read.
      expect(all.flat().filter(({ hasMore }) => hasMore === true).length).toBeGreaterThan(0);
      expect(Math.max(...all.flat().map(({ length }) => length))).toBeLessThanOrEqual(16_384);
    },
  );

  test('is told the truth again soon after a renegotiation, whose records are no data', async () => {
    const all = await bursts('TLSv1.2', [...Array<number>(count).fill(60), ...Array<number>(count).fill(40_000)], true);
    expect(all.slice(count).filter(lastSaysMore)).toEqual([]);
  });
});
