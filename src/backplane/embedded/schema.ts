import type { DatabaseSync } from 'node:sqlite';

/** "HubF": tells our stores from other SQLite files. */
export const applicationId = 0x48756246;

/**
 * migrations[n] leads from schema n to n + 1; `user_version` holds the schema. Never change one that was released.
 * `store.boot` counts openings: it proves at once that the file can be written, and makes lease names unique.
 */
const migrations: readonly string[] = [
  `CREATE TABLE store (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     revision INTEGER NOT NULL,
     boot INTEGER NOT NULL
   ) STRICT;
   INSERT INTO store VALUES (1, 0, 0);
   CREATE TABLE entry (
     key TEXT PRIMARY KEY NOT NULL,
     value BLOB NOT NULL,
     create_revision INTEGER NOT NULL,
     mod_revision INTEGER NOT NULL,
     lease TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX entry_lease ON entry (lease) WHERE lease IS NOT NULL;`,
];

export const schemaVersion = migrations.length;

export function pragma(database: DatabaseSync, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

/** Brings the store up to `schemaVersion`, all steps or none. The caller has refused newer schemas. */
export function migrate(database: DatabaseSync, from: number): void {
  database.exec('BEGIN IMMEDIATE');
  for (const step of migrations.slice(from)) database.exec(step);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
}
