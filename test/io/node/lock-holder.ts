// Run as a child by directory-lock.test.ts: takes the lock of the directory given, says so, and keeps it.
import { lockDirectory } from '../../../src/io/node/directory-lock.ts';
import { loadSystemCalls } from '../../../src/io/node/system-calls.ts';

const [directory = '', way] = process.argv.slice(2);
await lockDirectory(directory, way === 'flock' ? await loadSystemCalls() : undefined);
process.stdout.write('locked\n');
setInterval(() => undefined, 1_000);
