import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbedded } from '#backplane';
import { newFolder } from './embedded-harness.ts';
import { realClock } from './manual-clock.ts';
import { text } from './view.ts';

interface Acknowledged {
  readonly key: string;
  readonly value: number;
  readonly revision: number;
}

const rounds = 10;
let folder: ReturnType<typeof newFolder>;

beforeEach(() => {
  folder = newFolder();
});

afterEach(() => {
  folder.remove();
});

/** Runs a writer until it has acknowledged `count` writes, then kills it at whatever it is doing. */
async function writeAndKill(path: string, where: string, first: number, count: number): Promise<Acknowledged[]> {
  const script = join(import.meta.dirname, 'writer.ts');
  const child = spawn(process.execPath, ['-C', 'hubfarm-source', script, path, String(first), where], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  let output = '';
  let lines = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    lines += chunk.split('\n').length - 1;
    if (lines >= count) child.kill('SIGKILL');
  });
  const [, signal] = (await gone) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  // A line that was cut off by the kill was not read by anybody.
  return output.split('\n').slice(0, -1).map(parse);
}

function parse(line: string): Acknowledged {
  const [key, value, revision] = line.split(' ');
  return { key: key!, value: Number(value), revision: Number(revision) };
}

describe.each(['caller', 'thread'])('kill -9 while writing as fast as it goes (%s)', (where) => {
  test(`no acknowledged write is lost, ${rounds} times over`, async () => {
    const path = join(folder.path, 'hubfarm.db');
    const newest = new Map<string, Acknowledged>();
    let acknowledged = 0;
    for (let round = 0; round < rounds; round++) {
      // Where exactly it dies is left to the machine: the count only makes the rounds differ.
      const writes = await writeAndKill(path, where, round * 1_000_000, 20 + round * 137);
      acknowledged += writes.length;
      for (const write of writes) {
        if (write.revision > (newest.get(write.key)?.revision ?? 0)) newest.set(write.key, write);
      }
      const store = await openEmbedded({ path, clock: realClock });
      const { revision, entries } = await store.list('k/');
      await store.close();
      const stored = new Map(entries.map((entry) => [entry.key, entry]));
      for (const [key, write] of newest) {
        const entry = stored.get(key);
        expect(entry?.modRevision, `${key} = ${write.value}, round ${round}`).toBeGreaterThanOrEqual(write.revision);
        if (entry?.modRevision === write.revision) expect(text(entry)).toBe(String(write.value));
      }
      expect(revision).toBeGreaterThanOrEqual(Math.max(...writes.map((write) => write.revision)));
    }
    expect(acknowledged).toBeGreaterThan(rounds * 20);
  });
});
