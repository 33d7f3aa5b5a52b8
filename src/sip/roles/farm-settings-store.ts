import { Conflict, type Backplane, type Guard, type Operation } from '#backplane';
import { RecordCopy } from '#cluster';
import { AccountError } from '../accounts/errors.ts';
import { parseFaceOverrides, parseOverrides, serialiseOverrides, withoutGaps } from './settings-codec.ts';
import type { FaceOverrides, FarmOverrides } from './settings.ts';

/** What is set at run time: for a server with all its threads, and for the whole cluster. */
const serverPrefix = 'cfg/sip/member/';
const clusterKey = 'cfg/sip/cluster';
const maxAttempts = 8;

export interface FarmSettingsStoreOptions {
  readonly backplane: Backplane;
  /** In a cluster only the controller changes settings; absent: anybody does. */
  readonly leadership?: (() => Guard | undefined) | undefined;
  readonly changed: () => void;
}

/** The settings of the farm that are in the store of all members, at hand. */
export class FarmSettingsStore {
  readonly #options: FarmSettingsStoreOptions;
  readonly #servers: RecordCopy<FarmOverrides>;
  readonly #cluster: RecordCopy<FaceOverrides>;

  constructor(options: FarmSettingsStoreOptions) {
    const { backplane, changed } = options;
    this.#options = options;
    this.#servers = new RecordCopy({
      backplane,
      prefix: serverPrefix,
      parse: (_, value) => parseOverrides(value),
      changed,
    });
    this.#cluster = new RecordCopy({
      backplane,
      prefix: clusterKey,
      parse: (key, value) => (key === clusterKey ? parseFaceOverrides(value) : undefined),
      changed,
    });
  }

  /** Resolves when it shows what is there. */
  async opened(): Promise<void> {
    await Promise.all([this.#servers.opened, this.#cluster.opened]);
  }

  ofServer(server: string): FarmOverrides {
    return this.#servers.get(serverPrefix + server)?.value ?? {};
  }

  ofCluster(): FaceOverrides {
    return this.#cluster.get(clusterKey)?.value ?? {};
  }

  /** `changes` says what is different from now on; a value of null: no longer set there. Resolves with all that is set. */
  setServer(server: string, changes: Nullable<FarmOverrides>): Promise<FarmOverrides> {
    return this.#change(serverPrefix + server, this.#servers, changes);
  }

  setCluster(changes: Nullable<FaceOverrides>): Promise<FaceOverrides> {
    return this.#change(clusterKey, this.#cluster, changes);
  }

  close(): void {
    this.#servers.close();
    this.#cluster.close();
  }

  async #change<T extends FarmOverrides>(key: string, copy: RecordCopy<T>, changes: Nullable<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const record = copy.get(key);
      const next = merge(record?.value ?? ({} as T), changes);
      const isEmpty = Object.keys(next).length === 0;
      const operation: Operation = isEmpty
        ? { kind: 'delete', key }
        : { kind: 'put', key, value: serialiseOverrides(next) };
      const guards = [{ key, modRevision: record?.modRevision ?? 0 }, ...this.#leading()];
      try {
        const revision = await this.#options.backplane.txn([operation], guards);
        await (isEmpty && record !== undefined ? copy.leaves(key, record.modRevision) : copy.shows(key, revision));
        return next;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (attempt === maxAttempts) {
          throw new AccountError('BUSY', `${key} is being changed by others all the time: try again`, { cause: error });
        }
        const now = await this.#options.backplane.get(key);
        if (now !== undefined) await copy.shows(key, now.modRevision);
      }
    }
  }

  #leading(): readonly Guard[] {
    const { leadership } = this.#options;
    if (leadership === undefined) return [];
    const guard = leadership();
    if (guard !== undefined) return [guard];
    throw new AccountError('NOT_CONTROLLER', 'the SIP Farm is set up at the controller of the cluster only');
  }
}

export type Nullable<T> = { readonly [K in keyof T]?: T[K] | null };

function merge<T extends FarmOverrides>(before: T, changes: Nullable<T>): T {
  const all: Readonly<Record<string, unknown>> = { ...before, ...withoutGaps(changes) };
  const entries = Object.entries(all).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as T;
}
