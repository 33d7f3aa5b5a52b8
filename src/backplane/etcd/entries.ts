import type { Entry, Revision } from '../backplane.ts';
import { decodeRange, encodeRange, type KeyValue } from './codec/key-value.ts';
import { Compacted, judged } from './engine-errors.ts';
import { after, prefixRange } from './key-range.ts';
import { methods } from './methods.ts';
import type { EngineClient } from './rpc/engine-client.ts';
import { AnswerTooLarge } from './rpc/rpc-error.ts';

export interface Listing {
  readonly revision: Revision;
  readonly entries: readonly Entry[];
}

const firstPageKeys = 500;
const restartsMax = 3;

export function toEntry({ key, value, createRevision, modRevision, lease }: KeyValue): Entry {
  // A copy: the whole message would live as long as one of its values.
  const entry = { key, value: Buffer.from(value), createRevision, modRevision };
  return lease === '0' ? entry : { ...entry, lease };
}

export async function getEntry(client: EngineClient, key: string): Promise<Entry | undefined> {
  try {
    const { bytes } = await client.call(methods.range, encodeRange({ key: Buffer.from(key) }), { mayRepeat: true });
    const [found] = decodeRange(bytes).entries;
    return found === undefined ? undefined : toEntry(found);
  } catch (error) {
    throw judged(error);
  }
}

/** In pages, all of one revision. */
export async function listEntries(client: EngineClient, prefix: string): Promise<Listing> {
  for (let tries = 1; ; tries++) {
    try {
      return await listOnce(client, prefix);
    } catch (error) {
      // The history was cut while we were reading: from the start.
      if (!(error instanceof Compacted) || tries >= restartsMax) throw error;
    }
  }
}

async function listOnce(client: EngineClient, prefix: string): Promise<Listing> {
  const { key: first, rangeEnd } = prefixRange(prefix);
  const entries: Entry[] = [];
  let key = first;
  let revision = 0;
  let limit = firstPageKeys;
  for (;;) {
    const page = await readPage(client, { key, rangeEnd, limit, revision });
    if (page === undefined) {
      limit = Math.ceil(limit / 8);
      continue;
    }
    if (revision === 0) revision = page.revision;
    for (const each of page.entries) entries.push(toEntry(each));
    const last = page.entries.at(-1);
    if (!page.hasMore || last === undefined) return { revision, entries };
    key = after(Buffer.from(last.key));
  }
}

type PageRequest = Required<Parameters<typeof encodeRange>[0]>;

/** undefined: the answer was too large; ask for less. */
async function readPage(
  client: EngineClient,
  request: PageRequest,
): Promise<ReturnType<typeof decodeRange> | undefined> {
  try {
    const { bytes } = await client.call(methods.range, encodeRange(request), { mayRepeat: true, isBulk: true });
    return decodeRange(bytes);
  } catch (error) {
    if (error instanceof AnswerTooLarge && request.limit > 1) return undefined;
    throw judged(error);
  }
}
