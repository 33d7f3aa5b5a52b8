import type { Logger } from '#base';
import type { Clock, Timer } from '#io';
import { Conflict, Unavailable } from '../backplane.ts';
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
import { BadRequest, checkKey, checkPrefix, checkTtl, limits } from '../limits.ts';
import { Elections } from '../election/elections.ts';
import { put } from '../put.ts';
import type { Engine } from './engine.ts';
import { Leases } from './leases.ts';
import { Pipeline } from './pipeline.ts';
import type { Reply, Request } from './requests.ts';
import { storedOperations } from './stored-operations.ts';
import { Watches, type Watch } from './watches.ts';

/** How soon a store that could not write is tried again. */
const probeEveryMs = 1_000;

export class EmbeddedBackplane implements Backplane {
  readonly mode = 'embedded';
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pipeline: Pipeline;
  readonly #watches = new Watches();
  readonly #leases: Leases;
  readonly #elections: Elections;
  readonly #stateListeners = new Set<(state: BackplaneState) => void>();
  readonly #backups = new Set<Promise<void>>();
  #state: BackplaneState = 'ok';
  #probe: Timer | undefined;
  #leaseCount = 0;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, clock: Clock, callTimeoutMs: number, logger: Logger) {
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
    this.#pipeline = new Pipeline(engine, clock, callTimeoutMs, (replies) => this.#answered(replies));
    this.#leases = new Leases(clock, (id) => this.#expire(id), engine.others);
    this.#elections = new Elections(this, clock);
    engine.others?.onReplies((replies) => this.#tellWatches(replies));
  }

  state(): BackplaneState {
    return this.#state;
  }

  onState(changed: (state: BackplaneState) => void): () => void {
    this.#stateListeners.add(changed);
    return () => void this.#stateListeners.delete(changed);
  }

  async get(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return (await this.#read({ kind: 'get', key })).entries[0];
  }

  async list(prefix: string): Promise<{ readonly revision: Revision; readonly entries: readonly Entry[] }> {
    checkPrefix(prefix);
    const { revision, entries } = await this.#read({ kind: 'list', prefix });
    return { revision, entries };
  }

  put(key: string, value: Uint8Array | string, options?: PutOptions): Promise<Revision> {
    return put(this, key, value, options);
  }

  async txn(operations: readonly Operation[], guards: readonly Guard[]): Promise<Revision> {
    const request = {
      kind: 'txn',
      operations: storedOperations(operations, this.#leases),
      guards: [...guards],
    } as const;
    for (const guard of guards) checkKey(guard.key);
    return revisionOf(await this.#ask(request));
  }

  watch(prefix: string, deliver: (batch: Batch) => void): { close(): void } {
    checkPrefix(prefix);
    this.#refuseIfClosed();
    if (!this.#watches.hasRoom) throw new BadRequest(`${limits.watchesMax} watches are open already`);
    const watch = this.#watches.add(prefix, deliver);
    try {
      this.#start(watch, prefix);
    } catch (error) {
      watch.close();
      throw error;
    }
    return watch;
  }

  async lease(ttlMs: number): Promise<Lease> {
    checkTtl(ttlMs);
    this.#refuseIfClosed();
    if (!this.#leases.hasRoom) throw new BadRequest(`${limits.leasesMax} leases are held already`);
    return Promise.resolve(this.#leases.grant(`${this.#engine.leasePrefix}.${++this.#leaseCount}`, ttlMs));
  }

  async elect(name: string, self: string, lease: Lease, signal?: AbortSignal): Promise<Leadership> {
    checkKey(name);
    this.#refuseIfClosed();
    this.#leases.check(lease);
    return this.#elections.elect(name, self, lease, signal);
  }

  async backup(path: string): Promise<void> {
    this.#refuseIfClosed();
    const backup = this.#engine.backup(path);
    this.#backups.add(backup);
    try {
      await backup;
    } finally {
      this.#backups.delete(backup);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#elections.close();
    this.#leases.endAll('the store was closed');
    this.#probe?.cancel();
    await this.#pipeline.drain();
    await Promise.allSettled(this.#backups);
    this.#watches.clear();
    await this.#engine.close();
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw new Unavailable('the store is closed; nothing was changed');
  }

  async #ask(request: Request): Promise<Reply> {
    this.#refuseIfClosed();
    return this.#pipeline.ask(request);
  }

  async #read(request: Request): Promise<Extract<Reply, { kind: 'entries' }>> {
    const reply = await this.#ask(request);
    if (reply.kind === 'entries') return reply;
    throw new Unavailable(reply.kind === 'failed' ? reply.message : `the store answered ${request.kind} wrongly`);
  }

  #start(watch: Watch, prefix: string): void {
    this.#pipeline.submit({ kind: 'list', prefix }, (reply) => {
      if (reply.kind === 'entries') watch.start(reply.revision, reply.entries);
      else this.#clock.after(probeEveryMs, () => this.#restart(watch, prefix));
    });
  }

  #restart(watch: Watch, prefix: string): void {
    if (watch.isOpen && this.#closing === undefined) this.#start(watch, prefix);
  }

  /** Takes the keys of a lease away; while the disk refuses, again and again. */
  async #expire(lease: string): Promise<void> {
    const reply = await this.#ask({ kind: 'expire', lease });
    if (reply.kind !== 'failed') return;
    this.#clock.after(probeEveryMs, () => void this.#expire(lease).catch(() => undefined));
    throw new Unavailable(reply.message);
  }

  #answered(replies: readonly Reply[]): void {
    const failed = replies.find((reply) => reply.kind === 'failed');
    if (failed !== undefined) this.#lost(failed.message);
    else if (replies.some((reply) => reply.kind === 'done')) this.#recovered();
    this.#tellWatches(replies);
  }

  #tellWatches(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.kind === 'done' && reply.changes.length > 0) this.#watches.deliver(reply.revision, reply.changes);
    }
  }

  #lost(why: string): void {
    if (this.#state === 'lost') return;
    this.#logger.error({ reason: why }, 'the store does not take changes; trying again every second');
    this.#probe = this.#clock.every(probeEveryMs, () => void this.#pipeline.ask({ kind: 'probe' }));
    this.#setState('lost');
  }

  #recovered(): void {
    if (this.#state === 'ok') return;
    this.#logger.info({}, 'the store takes changes again');
    this.#probe?.cancel();
    this.#setState('ok');
  }

  #setState(state: BackplaneState): void {
    this.#state = state;
    for (const changed of this.#stateListeners) changed(state);
  }
}

function revisionOf(reply: Reply): Revision {
  switch (reply.kind) {
    case 'done':
    case 'entries':
      return reply.revision;
    case 'conflict':
      throw new Conflict(reply.message);
    case 'failed':
      throw new Unavailable(reply.message);
  }
}
