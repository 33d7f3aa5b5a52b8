import type { Logger } from '#base';
import type { Clock, Files, Random } from '#io';
import { Unavailable } from '../backplane.ts';
import type {
  Backplane,
  BackplaneState,
  Batch,
  Entry,
  Guard,
  Leadership,
  Lease,
  Operation,
  PutOptions,
  Revision,
} from '../backplane.ts';
import { Elections } from '../election/elections.ts';
import { BadRequest, checkKey, checkPrefix, checkTtl, limits } from '../limits.ts';
import { decodeTxn, encodeRange, encodeTxn } from './codec/key-value.ts';
import { judged } from './engine-errors.ts';
import { getEntry, listEntries, type Listing } from './entries.ts';
import { isRepeatable, refusal, toCompare } from './guards.ts';
import { Health } from './health.ts';
import { Leases } from './leases.ts';
import { methods } from './methods.ts';
import { put } from '../put.ts';
import { EngineClient, type EngineClientOptions } from './rpc/engine-client.ts';
import { saveSnapshot } from './snapshot.ts';
import { planTransaction } from './transaction.ts';
import { EtcdWatch } from './watch.ts';

export interface EtcdBackplaneDeps {
  readonly client: EngineClientOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly logger: Logger;
}

const bulkBytes = 256 * 1024;
/** Enough to be refused or kept waiting at one endpoint, and to be answered at the next: a start waits for it. */
const firstAnswerMs = 2_500;
/** Any key: that the engine answers is what counts. */
const probeKey = Buffer.from('probe');

/** The cluster's store: etcd, asked over gRPC. */
export class EtcdBackplane implements Backplane {
  readonly mode = 'cluster';
  readonly #client: EngineClient;
  readonly #deps: EtcdBackplaneDeps;
  readonly #health: Health;
  readonly #leases: Leases;
  readonly #elections: Elections;
  readonly #watches = new Set<EtcdWatch>();
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(deps: EtcdBackplaneDeps) {
    const { clock, random, logger, client } = deps;
    this.#deps = deps;
    this.#client = new EngineClient(client, (isAnswered, why) => this.#health.heard(isAnswered, why));
    const probe = (): Promise<unknown> => this.#client.call(methods.range, encodeRange({ key: probeKey }));
    this.#health = new Health(clock, logger, 2 * client.timeouts.attemptMs, probe);
    this.#leases = new Leases(this.#client, clock, random);
    this.#elections = new Elections(this, clock);
  }

  /** Resolves when it is known whether the engine answers. */
  async begin(): Promise<void> {
    await this.#health.begin(firstAnswerMs);
  }

  state(): BackplaneState {
    return this.#health.state;
  }

  onState(changed: (state: BackplaneState) => void): () => void {
    return this.#health.onState(changed);
  }

  async get(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return this.#ask(() => getEntry(this.#client, key));
  }

  async list(prefix: string): Promise<Listing> {
    checkPrefix(prefix);
    return this.#ask(() => listEntries(this.#client, prefix));
  }

  put(key: string, value: Uint8Array | string, options?: PutOptions): Promise<Revision> {
    return put(this, key, value, options);
  }

  async txn(operations: readonly Operation[], guards: readonly Guard[]): Promise<Revision> {
    for (const guard of guards) checkKey(guard.key);
    const { puts, deletes, bytes } = planTransaction(operations, (lease) => this.#leases.check(lease));
    const compares = guards.map(toCompare);
    const otherwise = compares.map(({ key }) => ({ key }));
    const request = encodeTxn({ compares, puts, deletes, otherwise });
    const options = { mayRepeat: isRepeatable(operations, guards), isBulk: bytes > bulkBytes };
    return this.#ask(async () => {
      const answer = await this.#client.call(methods.txn, request, options).catch((error: unknown) => {
        throw judged(error);
      });
      const response = decodeTxn(answer.bytes);
      if (response.hasSucceeded) return response.revision;
      throw refusal(guards, response, answer.isRepeated);
    });
  }

  watch(prefix: string, deliver: (batch: Batch) => void): { close(): void } {
    checkPrefix(prefix);
    this.#refuseIfClosed();
    if (this.#watches.size >= limits.watchesMax) throw new BadRequest(`${limits.watchesMax} watches are open already`);
    const { clock, logger } = this.#deps;
    const watch = new EtcdWatch(prefix, deliver, { client: this.#client, clock, logger }, () => {
      this.#watches.delete(watch);
    });
    this.#watches.add(watch);
    return watch;
  }

  async lease(ttlMs: number): Promise<Lease> {
    checkTtl(ttlMs);
    return this.#ask(() => this.#leases.grant(ttlMs));
  }

  async elect(name: string, self: string, lease: Lease, signal?: AbortSignal): Promise<Leadership> {
    checkKey(name);
    this.#refuseIfClosed();
    this.#leases.check(lease);
    return this.#elections.elect(name, self, lease, signal);
  }

  async backup(path: string): Promise<void> {
    return this.#ask(() => saveSnapshot(this.#client, this.#deps.files, path));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#elections.close();
    for (const watch of [...this.#watches]) watch.close();
    await Promise.allSettled([this.#leases.close(), ...this.#underWay]);
    this.#health.close();
    this.#client.close();
  }

  #refuseIfClosed(): void {
    if (this.#closing === undefined) return;
    throw new Unavailable('the store is closed; nothing was changed', undefined, 'STORE_CLOSED');
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    const asked = work();
    this.#underWay.add(asked);
    try {
      return await asked;
    } finally {
      this.#underWay.delete(asked);
    }
  }
}
