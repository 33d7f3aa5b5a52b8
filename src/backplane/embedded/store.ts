import { reasonOf } from '#base';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { Entry, Guard, Revision } from '../backplane.ts';
import { ListBuilder } from './listed.ts';
import type { Change, Reply, Request, StoredOperation, StoreReply } from './requests.ts';
import { writeFailure } from './store-error.ts';

type Row = Record<string, SQLOutputValue>;
type Txn = Extract<Request, { kind: 'txn' }>;

/** Above every key that starts with the prefix: U+10FFFF is not allowed in keys, and sorts last in UTF-8. */
const lastCharacter = '\u{10ffff}';
const columns = 'key, value, create_revision, mod_revision, lease';

/** The SQL side: answers groups of requests. All writes of a group share one fsynced transaction. */
export class Store {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #get: StatementSync;
  readonly #list: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #leased: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #isLive: (lease: string) => boolean;
  #revision: Revision;

  /** `isLive`: whether keys may still be put under a lease; absent = always. */
  constructor(database: DatabaseSync, path: string, isLive: (lease: string) => boolean = () => true) {
    this.#isLive = isLive;
    this.#database = database;
    this.#path = path;
    this.#get = database.prepare(`SELECT ${columns} FROM entry WHERE key = ?`);
    this.#list = database.prepare(`SELECT ${columns} FROM entry WHERE key >= ? AND key < ? ORDER BY key`);
    // One walk down the tree for both: what is there keeps its create revision, and says it.
    this.#put = database.prepare(`INSERT INTO entry (${columns}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
      SET value = excluded.value, mod_revision = excluded.mod_revision, lease = excluded.lease
      RETURNING create_revision`);
    this.#delete = database.prepare('DELETE FROM entry WHERE key = ?');
    this.#leased = database.prepare('SELECT key FROM entry WHERE lease = ? ORDER BY key');
    this.#setRevision = database.prepare('UPDATE store SET revision = ?');
    this.#revision = Number(database.prepare('SELECT revision FROM store').get()?.['revision']);
  }

  /** Replies in the order of the requests. Reads see every write of their own group. Never throws. */
  answer(requests: readonly Request[]): StoreReply[] {
    const replies = new Array<StoreReply>(requests.length);
    this.#write(requests, replies);
    requests.forEach((request, i) => (replies[i] ??= this.#read(request)));
    return replies;
  }

  #write(requests: readonly Request[], replies: StoreReply[]): void {
    if (requests.every(isRead)) return;
    const before = this.#revision;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      requests.forEach((request, i) => {
        if (!isRead(request)) replies[i] = this.#apply(request);
      });
      if (this.#revision !== before || requests.some(isProbe)) this.#setRevision.run(this.#revision);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#revision = before;
      this.#rollback();
      const failed: Reply = { kind: 'failed', message: writeFailure(this.#path, error) };
      requests.forEach((request, i) => {
        if (!isRead(request)) replies[i] = failed;
      });
    }
  }

  #rollback(): void {
    // SQLite has already rolled back by itself after some errors (disk full, I/O error).
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  #apply(request: Exclude<Request, { kind: 'get' | 'list' }>): Reply {
    switch (request.kind) {
      case 'txn':
        return this.#transact(request);
      case 'expire': {
        const keys = this.#leased.all(request.lease).map((row) => String(row['key']));
        return this.#commit(keys.map((key) => ({ kind: 'delete', key })));
      }
      case 'probe':
        return { kind: 'done', revision: this.#revision, changes: [] };
    }
  }

  #transact(request: Txn): Reply {
    for (const guard of request.guards) {
      const why = this.#broken(guard);
      if (why !== undefined) return { kind: 'conflict', message: why };
    }
    const dead = request.operations.find((one) => one.kind === 'put' && !this.#isHolderAlive(one.lease));
    if (dead?.kind === 'put') {
      return { kind: 'conflict', message: `the lease ${dead.lease} of ${dead.key} is gone; nothing was applied` };
    }
    return this.#commit(request.operations);
  }

  #isHolderAlive(lease: string | undefined): boolean {
    return lease === undefined || this.#isLive(lease);
  }

  #broken(guard: Guard): string | undefined {
    const entry = this.#entry(guard.key);
    const [name, wanted, found] =
      'modRevision' in guard
        ? ['modRevision', guard.modRevision, entry?.modRevision ?? 0]
        : ['createRevision', guard.createRevision, entry?.createRevision ?? 0];
    if (wanted === found) return undefined;
    return `${guard.key} has ${name} ${found}, not ${wanted}: somebody else changed it; nothing was applied`;
  }

  /** A transaction that changes nothing takes no revision. */
  #commit(operations: readonly StoredOperation[]): Reply {
    const revision = this.#revision + 1;
    const changes = new Map<string, Change>();
    const removed = new Map<string, Revision>();
    for (const operation of operations) this.#perform(operation, revision, changes, removed);
    if (changes.size > 0) this.#revision = revision;
    return { kind: 'done', revision: this.#revision, changes: [...changes.values()] };
  }

  /** `removed`: create revisions of what this transaction has deleted so far. */
  #perform(
    operation: StoredOperation,
    revision: Revision,
    changes: Map<string, Change>,
    removed: Map<string, Revision>,
  ): void {
    switch (operation.kind) {
      case 'put': {
        const { key, value, lease } = operation;
        const made = removed.get(key) ?? revision;
        const createRevision = Number(this.#put.get(key, value, made, revision, lease ?? null)?.['create_revision']);
        const entry = { key, value, createRevision, modRevision: revision };
        changes.set(key, { key, entry: lease === undefined ? entry : { ...entry, lease } });
        return;
      }
      case 'delete':
        this.#remove(this.#entry(operation.key), changes, removed);
        return;
      case 'deletePrefix':
        for (const entry of this.#entries(operation.prefix)) this.#remove(entry, changes, removed);
    }
  }

  #remove(entry: Entry | undefined, changes: Map<string, Change>, removed: Map<string, Revision>): void {
    if (entry === undefined) return;
    this.#delete.run(entry.key);
    changes.set(entry.key, { key: entry.key, entry: undefined });
    removed.set(entry.key, entry.createRevision);
  }

  #read(request: Request): StoreReply {
    try {
      if (request.kind === 'list') return this.#listed(request.prefix);
      const entry = request.kind === 'get' ? this.#entry(request.key) : undefined;
      return { kind: 'entries', revision: this.#revision, entries: entry === undefined ? [] : [entry] };
    } catch (error) {
      const detail = reasonOf(error);
      return { kind: 'failed', message: `cannot read ${this.#path}: ${detail}` };
    }
  }

  /** Row by row: the rows of a long list need several times the memory of what is in them. */
  #listed(prefix: string): StoreReply {
    const list = new ListBuilder();
    for (const row of this.#list.iterate(prefix, prefix + lastCharacter)) list.add(toEntry(row));
    return list.finish(this.#revision);
  }

  #entry(key: string): Entry | undefined {
    const row = this.#get.get(key);
    return row === undefined ? undefined : toEntry(row);
  }

  #entries(prefix: string): Entry[] {
    return this.#list.all(prefix, prefix + lastCharacter).map(toEntry);
  }
}

function isRead(request: Request): request is Extract<Request, { kind: 'get' | 'list' }> {
  return request.kind === 'get' || request.kind === 'list';
}

function isProbe(request: Request): boolean {
  return request.kind === 'probe';
}

function toEntry(row: Row): Entry {
  const { key, value, create_revision: created, mod_revision: modified, lease } = row;
  if (typeof key !== 'string' || !(value instanceof Uint8Array)) throw new Error(`row of ${String(key)} is damaged`);
  const entry = { key, value, createRevision: Number(created), modRevision: Number(modified) };
  return typeof lease === 'string' ? { ...entry, lease } : entry;
}
