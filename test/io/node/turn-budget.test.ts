import { describe, expect, test } from 'vitest';
import type { StreamSink } from '#io';
import { createNodeNetwork } from '#io/node';
import { connectedPair, type StreamPair } from './loopback.ts';

/** What one read may bring beyond the share: what is decrypted already still comes. */
const surplusBytes = 96 * 1024;
const shareBytes = 256 * 1024;

/** Counts what comes in each turn of the loop. */
class TurnCounter implements StreamSink {
  readonly bytesOfTurns: number[] = [];
  bytes = 0;
  #isTurnKnown = false;

  data(chunk: Buffer): void {
    if (!this.#isTurnKnown) {
      this.#isTurnKnown = true;
      this.bytesOfTurns.push(0);
      setImmediate(() => (this.#isTurnKnown = false));
    }
    this.bytesOfTurns[this.bytesOfTurns.length - 1]! += chunk.length;
    this.bytes += chunk.length;
  }

  closed(): void {
    // nothing to count
  }
}

describe.each(['own', 'runtime'] as const)('a stream with much to read, TLS engine: %s', (tlsEngine) => {
  const pair = (): Promise<StreamPair> => connectedPair({ network: createNodeNetwork({ tlsEngine }) });

  test('is read a share in each turn of the loop, so that others have theirs', async () => {
    const { client, server } = await pair();
    const totalBytes = 4_000_000;
    client.write(Buffer.alloc(totalBytes));
    const counter = new TurnCounter();
    server.receiveShared(counter);
    await expect.poll(() => counter.bytes, { timeout: 10_000 }).toBe(totalBytes);
    expect(Math.max(...counter.bytesOfTurns)).toBeGreaterThan(shareBytes / 2);
    expect(Math.max(...counter.bytesOfTurns)).toBeLessThan(shareBytes + surplusBytes);
  });

  test('goes on where it was paused in the turn that used up its share', async () => {
    const { client, server } = await pair();
    const totalBytes = 4_000_000;
    client.write(Buffer.alloc(totalBytes));
    const counter = new TurnCounter();
    let pauses = 0;
    server.receiveShared({
      data: (chunk) => {
        counter.data(chunk);
        if (counter.bytesOfTurns.at(-1)! < shareBytes) return;
        pauses++;
        server.pause();
        setTimeout(() => server.resume(), 1);
      },
      closed: () => undefined,
    });
    await expect.poll(() => counter.bytes, { timeout: 10_000 }).toBe(totalBytes);
    expect(pauses).toBeGreaterThan(0);
  });
});
