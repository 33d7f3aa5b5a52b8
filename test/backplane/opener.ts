import { openEmbedded, StoreError } from '#backplane';
import { realClock } from './manual-clock.ts';

/** A process that tries to open the store named on its command line, and prints how that went. */
try {
  const store = await openEmbedded({ path: process.argv[2]!, clock: realClock });
  process.stdout.write('opened\n');
  await store.close();
} catch (error) {
  process.stdout.write(`${error instanceof StoreError ? error.code : String(error)}\n`);
}
