import { HubfarmError } from '#base';
import { Conflict, type Backplane, type Guard } from '#backplane';

export const serverPrefix = 'cfg/cluster/server/';
/** Of the record of this server. */
export const serverKey = (serverName: string): string => serverPrefix + serverName;
/** A server that was being let in when the controller died is forgotten after this. */
const joiningMaxMs = 120_000;

/** A server that belongs to the cluster, whether it runs or not: `cfg/cluster/server/<name>`. */
export interface ServerRecord {
  readonly serverName: string;
  /** `joining` = being let in; it becomes `joined` or goes away. */
  readonly state: 'joining' | 'joined';
  /** Unix milliseconds. */
  readonly sinceMs: number;
  readonly hostName: string;
  readonly address: string;
  readonly version: string;
  readonly isEligible: boolean;
  readonly engineRole: 'voter' | 'learner' | 'client';
  /** Of its newest certificate. */
  readonly certificateNotAfterMs: number;
}

interface Known {
  readonly record: ServerRecord;
  readonly modRevision: number;
}

/** The list of the cluster's servers. Written by the controller alone, under its guard. */
export class ServerRegistry {
  readonly #backplane: Backplane;
  readonly #guard: () => Guard | undefined;

  /** `guard`: of the leadership; undefined = this server does not lead, so that every write fails. */
  constructor(backplane: Backplane, guard: () => Guard | undefined) {
    this.#backplane = backplane;
    this.#guard = guard;
  }

  async list(): Promise<readonly ServerRecord[]> {
    const { entries } = await this.#backplane.list(serverPrefix);
    return entries.map(({ key, value }) => parse(key, value));
  }

  async find(serverName: string): Promise<ServerRecord | undefined> {
    return (await this.#read(serverName))?.record;
  }

  /** Returns the record that was there, to put back with `restore`. */
  async write(record: ServerRecord): Promise<ServerRecord | undefined> {
    const known = await this.#read(record.serverName);
    const key = serverKey(record.serverName);
    await this.#backplane.txn(
      [{ kind: 'put', key, value: JSON.stringify(record) }],
      [this.#leading(), { key, modRevision: known?.modRevision ?? 0 }],
    );
    return known?.record;
  }

  async remove(serverName: string): Promise<void> {
    await this.#backplane.txn([{ kind: 'delete', key: serverKey(serverName) }], [this.#leading()]);
  }

  /** Notes which part of the engine a server has; one that is not in the list stays out of it. */
  async noteEngineRole(serverName: string, engineRole: ServerRecord['engineRole']): Promise<void> {
    const known = await this.#read(serverName);
    if (known?.record.state !== 'joined' || known.record.engineRole === engineRole) return;
    const key = serverKey(serverName);
    const value = JSON.stringify({ ...known.record, engineRole });
    await this.#backplane.txn(
      [{ kind: 'put', key, value }],
      [this.#leading(), { key, modRevision: known.modRevision }],
    );
  }

  /** Takes back `write`. */
  async restore(serverName: string, before: ServerRecord | undefined): Promise<void> {
    if (before === undefined) await this.remove(serverName);
    else await this.write(before);
  }

  /** Whether somebody is being let in under this record's name just now. */
  static isBeingLetIn(record: ServerRecord, wallMs: number): boolean {
    return record.state === 'joining' && wallMs - record.sinceMs < joiningMaxMs;
  }

  async #read(serverName: string): Promise<Known | undefined> {
    const entry = await this.#backplane.get(serverKey(serverName));
    return entry && { record: parse(entry.key, entry.value), modRevision: entry.modRevision };
  }

  #leading(): Guard {
    const guard = this.#guard();
    if (guard === undefined) throw new Conflict('this server is not the controller (any more)');
    return guard;
  }
}

function parse(key: string, value: Uint8Array): ServerRecord {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as ServerRecord;
  } catch (cause) {
    throw new HubfarmError('BAD_RECORD', `the stored record ${key} is damaged: restore it from a backup`, { cause });
  }
}
