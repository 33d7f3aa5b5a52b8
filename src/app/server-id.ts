import type { Backplane } from '#backplane';
import type { Random } from '#io';
import { objectOf, stringOf } from './parse-record.ts';
import { StoredRecord } from './stored-record.ts';

/** Never exported or copied to another server: two with the same id would be taken for one. */
const key = 'local/server-id';

const parse = (value: unknown): string => stringOf(objectOf(value), 'id');

/** The name under which this server's own records are kept: 16 hex digits, made at its first start. */
export async function openServerId(backplane: Backplane, random: Random): Promise<string> {
  const record = await StoredRecord.open({
    backplane,
    key,
    parse: (value) => ({ id: parse(value) }),
    initial: () => Promise.resolve({ id: random.bytes(8).toString('hex') }),
  });
  record.close();
  return record.value.id;
}
