import { backup, DatabaseSync } from 'node:sqlite';
import { pragma } from './schema.ts';
import { sqlite, sqliteCode, StoreError } from './store-error.ts';

const allPages = 0x7fffffff;
/** https://www.sqlite.org/fileformat.html#file_format_version_numbers: 1 = rollback journal, 2 = WAL. */
const formatVersionOffsets = [18, 19] as const;

/**
 * Copies the store, as it is at the call, to a new file, fsynced. The copy is one SQLite transaction of the new file:
 * cut short, it leaves an empty file, never half a store. (VACUUM INTO does not fsync.) It is taken from an image in
 * memory: read from the store itself, it could see what the same connection has not committed yet, and a slow target
 * would hold up the writers.
 */
export async function backUp(database: DatabaseSync, path: string): Promise<void> {
  const image = database.serialize();
  if (holdsData(path))
    throw new StoreError('BACKUP_EXISTS', `${path} exists already; a backup never overwrites a file`);
  const copy = new DatabaseSync(':memory:');
  try {
    for (const offset of formatVersionOffsets) image[offset] = 1;
    copy.deserialize(image);
    await backup(copy, path, { rate: allPages });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError('BACKUP_FAILED', `cannot write a backup to ${path}: ${detail}`, cause);
  } finally {
    copy.close();
  }
}

/** An empty file, as a failed backup leaves it, counts as free. */
function holdsData(path: string): boolean {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return pragma(database, 'page_count') !== 0;
    } finally {
      database.close();
    }
  } catch (error) {
    return sqliteCode(error) !== sqlite.cantOpen;
  }
}
