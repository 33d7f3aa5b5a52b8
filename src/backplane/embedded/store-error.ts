import { HubfarmError, reasonOf } from '#base';

/** Why a store could not be opened or copied. */
export type StoreErrorCode =
  | 'STORE_IN_USE'
  | 'STORE_NO_DIRECTORY'
  | 'STORE_UNWRITABLE'
  | 'STORE_DISK_FULL'
  | 'STORE_CORRUPT'
  | 'STORE_FOREIGN'
  | 'SCHEMA_NEWER'
  | 'STORE_FAILED'
  | 'BACKUP_EXISTS'
  | 'BACKUP_FAILED';

export class StoreError extends HubfarmError {
  declare readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause });
  }
}

/** Primary SQLite result codes, https://www.sqlite.org/rescode.html */
export const sqlite = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
} as const;

const lockFailed = sqlite.ioError | (15 << 8);

/** What an exclusive lock on a file without the right to write ends in. */
export function isLockFailure(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === lockFailed;
}

/** The primary result code of an error of node:sqlite, or undefined if it is another error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** What `Unavailable` says to people when a write failed. */
export function writeFailure(path: string, error: unknown): string {
  const detail = reasonOf(error);
  const unknown = 'it is not certain whether the change was made';
  switch (sqliteCode(error)) {
    case sqlite.full:
      return `cannot write to ${path}: the disk is full; nothing was changed; free some space and it goes on by itself`;
    case sqlite.readOnly:
      return `cannot write to ${path}: the file or its disk is read-only; nothing was changed`;
    case sqlite.ioError:
      return `cannot write to ${path}: ${detail}; ${unknown}; look at the disk and the system log`;
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return `${path} is damaged: ${detail}; ${unknown}; stop hubfarm and restore a backup`;
    default:
      return `cannot write to ${path}: ${detail}; ${unknown}`;
  }
}
