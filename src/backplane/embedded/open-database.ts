import { DatabaseSync } from 'node:sqlite';
import { applicationId, migrate, pragma, schemaVersion } from './schema.ts';
import { isLockFailure, sqlite, sqliteCode, StoreError } from './store-error.ts';

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** How often this store has been opened, this time included. */
  readonly boot: number;
}

/** Opens or makes the store, alone, up to date and without the leased keys of an earlier run; or says why not. */
export function openDatabase(path: string): OpenedDatabase {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    const boot = prepare(database, path);
    return { database, boot };
  } catch (error) {
    if (database?.isOpen === true) database.close();
    throw error instanceof StoreError ? error : openFailure(path, error);
  }
}

function prepare(database: DatabaseSync, path: string): number {
  // Before the first access: then no other process gets in, and no shared-memory file is needed.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const schema = checkSchema(database, path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  if (schema < schemaVersion) migrate(database, schema);
  const verdict = pragma(database, 'quick_check(1)');
  if (verdict !== 'ok') throw corrupt(path, String(verdict));
  return boot(database);
}

function checkSchema(database: DatabaseSync, path: string): number {
  const schema = Number(pragma(database, 'user_version'));
  const owner = Number(pragma(database, 'application_id'));
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
  if (owner !== applicationId && (tables > 0 || schema > 0 || owner !== 0)) {
    throw new StoreError('STORE_FOREIGN', `${path} is an SQLite file of another program; name another path`);
  }
  if (schema > schemaVersion) {
    throw new StoreError(
      'SCHEMA_NEWER',
      `${path} has schema ${schema}, written by a newer hubfarm; this one knows ${schemaVersion}: install the newer version, or restore a backup of the older one`,
    );
  }
  return schema;
}

/** Leased keys live only as long as the process that holds them. */
function boot(database: DatabaseSync): number {
  database.exec(`BEGIN IMMEDIATE;
    UPDATE store SET boot = boot + 1, revision = revision + EXISTS (SELECT 1 FROM entry WHERE lease IS NOT NULL);
    DELETE FROM entry WHERE lease IS NOT NULL;
    COMMIT`);
  return Number(database.prepare('SELECT boot FROM store').get()?.['boot']);
}

function openFailure(path: string, cause: unknown): StoreError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (isLockFailure(cause)) {
    const message = `${path} cannot be locked: this user may not write it, or its file system knows no locks`;
    return new StoreError('STORE_UNWRITABLE', message, cause);
  }
  switch (sqliteCode(cause)) {
    case sqlite.busy:
      return new StoreError('STORE_IN_USE', `${path} is in use by another process; stop that one first`, cause);
    case sqlite.cantOpen:
      return cannotOpen(path, cause);
    case sqlite.readOnly:
      return new StoreError('STORE_UNWRITABLE', `${path} cannot be written: file or disk is read-only`, cause);
    case sqlite.full:
      return new StoreError('STORE_DISK_FULL', `cannot open ${path}: its disk is full; free some space`, cause);
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return corrupt(path, detail, cause);
    default:
      return new StoreError('STORE_FAILED', `cannot open ${path}: ${detail}`, cause);
  }
}

function corrupt(path: string, detail: string, cause?: unknown): StoreError {
  const oneLine = detail.replaceAll(/\s+/g, ' ');
  const message = `${path} is damaged or not an SQLite file (${oneLine}); move it away and restore a backup`;
  return new StoreError('STORE_CORRUPT', message, cause);
}

function cannotOpen(path: string, cause: unknown): StoreError {
  const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.';
  if (!isDirectory(directory)) {
    return new StoreError(
      'STORE_NO_DIRECTORY',
      `cannot make ${path}: there is no directory ${directory}, or this user may not enter it`,
      cause,
    );
  }
  return new StoreError('STORE_UNWRITABLE', `${path} cannot be opened: no permission to write there`, cause);
}

/** SQLite opens a directory read-only and then fails to read it; what does not exist it cannot even open. */
function isDirectory(path: string): boolean {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      pragma(database, 'user_version');
    } finally {
      database.close();
    }
    return false;
  } catch (error) {
    return sqliteCode(error) === sqlite.ioError;
  }
}
