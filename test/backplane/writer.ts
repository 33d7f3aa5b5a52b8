import { openEmbedded } from '#backplane';
import { createNodeThreads } from '#io/node';
import { realClock } from './manual-clock.ts';

/**
 * A process that writes as fast as it can and prints each acknowledgement: `<key> <value> <revision>`. It is killed.
 * Arguments: path of the store, first number, `thread` or `caller`.
 */
const [path, first, where] = [process.argv[2]!, Number(process.argv[3]), process.argv[4]];
const threads = where === 'thread' ? { threads: createNodeThreads() } : {};
const store = await openEmbedded({ path, clock: realClock, ...threads });

const writersAtOnce = 8;
const keys = 50;

async function write(start: number): Promise<never> {
  for (let number = start; ; number += writersAtOnce) {
    const key = `k/${number % keys}`;
    const revision = await store.put(key, String(number));
    process.stdout.write(`${key} ${number} ${revision}\n`);
  }
}

await Promise.all(Array.from({ length: writersAtOnce }, (_, i) => write(first + i)));
