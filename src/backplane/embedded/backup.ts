import { backup, DatabaseSync } from 'node:sqlite';
import { pragma } from './schema.ts';
import { sqlite, sqliteCode, StoreError } from './store-error.ts';

const allPages = 0x7fffffff;

/**
 * Copies the store to a new file, fsynced. The copy is one SQLite transaction of the new file: cut short, it leaves an
 * empty file, never half a store. (VACUUM INTO does not fsync.) Nobody may write meanwhile: the copy would otherwise
 * see what the same connection has not committed yet.
 */
export async function backUp(database: DatabaseSync, path: string): Promise<void> {
  if (holdsData(path))
    throw new StoreError('BACKUP_EXISTS', `${path} exists already; a backup never overwrites a file`);
  try {
    await backup(database, path, { rate: allPages });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError('BACKUP_FAILED', `cannot write a backup to ${path}: ${detail}`, cause);
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
