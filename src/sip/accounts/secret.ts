import { Conflict, Forbidden, type Backplane } from '#backplane';
import type { Random } from '#io';
import { AccountError } from './errors.ts';

const secretKey = 'cfg/sip/secret';
const secretBytes = 32;

/** The key of all members for nonces and tokens, 32 bytes. Made once, by the first that may write it. */
export async function openSecret(backplane: Backplane, random: Random): Promise<Buffer> {
  const there = await backplane.get(secretKey);
  if (there !== undefined) return decode(there.value);
  const made = random.bytes(secretBytes);
  try {
    await backplane.txn(
      [{ kind: 'put', key: secretKey, value: JSON.stringify({ secret: made.toString('hex') }) }],
      [{ key: secretKey, modRevision: 0 }],
    );
    return made;
  } catch (error) {
    if (!(error instanceof Conflict || error instanceof Forbidden)) throw error;
  }
  return appearing(backplane);
}

/** Where only servers that may control the cluster write it, the others wait for them. */
function appearing(backplane: Backplane): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const watch = backplane.watch(secretKey, ({ changes }) => {
      const entry = changes.find(({ key }) => key === secretKey)?.entry;
      if (entry === undefined) return;
      // The first batch may come while `watch` itself is still being called.
      queueMicrotask(() => watch.close());
      try {
        resolve(decode(entry.value));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

function decode(value: Uint8Array): Buffer {
  const text = Buffer.from(value).toString();
  const digits = /^\{"secret":"([0-9a-f]{64})"\}$/.exec(text)?.[1];
  if (digits === undefined) throw new AccountError('BAD_RECORD', `${secretKey}: not a secret of ${secretBytes} bytes`);
  return Buffer.from(digits, 'hex');
}
