import { existsSync, writeFileSync } from 'node:fs';
import {
  BadRequest,
  backplaneLimits as limits,
  Conflict,
  Unavailable,
  type Backplane,
  type BackplaneState,
  type Batch,
  type Entry,
  type Guard,
  type Leadership,
  type Lease,
  type Operation,
  type PutOptions,
  type Revision,
} from '#backplane';
import type { Clock, Timer } from '#io';
import { Elections } from '../../../src/backplane/election/elections.ts';
import type { Leases } from '../../../src/backplane/embedded/leases.ts';
import type { Reply, Request } from '../../../src/backplane/embedded/requests.ts';
import { storedOperations } from '../../../src/backplane/embedded/stored-operations.ts';
import { Watches, type Watch } from '../../../src/backplane/embedded/watches.ts';
import { checkKey, checkPrefix, checkTtl } from '../../../src/backplane/limits.ts';
import { put } from '../../../src/backplane/put.ts';
import type { ModelEngine } from './model-engine.ts';
import { ModelLease } from './model-lease.ts';

const heartbeatMs = 500;

interface Subscription {
  readonly prefix: string;
  /** Whose snapshot it has seen. */
  line: number;
}

export interface ModelBackplaneOptions {
  readonly engine: ModelEngine;
  readonly clock: Clock;
  readonly name: string;
  readonly callTimeoutMs: number;
  /** One way; called for each message. */
  readonly latencyMs: () => number;
}

/** One member's line to the engine in memory. What is on it when it is cut is lost, either way. */
export class ModelBackplane implements Backplane {
  readonly mode = 'cluster';
  readonly #options: ModelBackplaneOptions;
  readonly #watches = new Watches();
  readonly #open = new Map<Watch, Subscription>();
  readonly #leases = new Map<string, ModelLease>();
  readonly #elections: Elections;
  readonly #listeners = new Set<(state: BackplaneState) => void>();
  readonly #heartbeat: Timer;
  readonly #stops: (() => void)[];
  readonly #pending = new Set<Promise<unknown>>();
  #state: BackplaneState = 'ok';
  /** Grows with each interruption: what was sent on an earlier line does not arrive. */
  #line = 0;
  #isCut = false;
  #lastArrivalMs = 0;
  #heardAtMs: number;
  #leaseCount = 0;
  #isClosed = false;

  constructor(options: ModelBackplaneOptions) {
    const { engine, clock } = options;
    this.#options = options;
    this.#heardAtMs = clock.nowMs();
    this.#elections = new Elections(this, clock);
    this.#stops = [
      engine.onCommit((revision, changes) => {
        this.#receive(() => this.#watches.deliver(revision, changes));
      }),
      engine.onBack(() => this.#relink()),
    ];
    this.#heartbeat = clock.every(heartbeatMs, () => this.#beat());
  }

  /** Nothing passes from now on, and what is under way is lost. */
  cut(): void {
    this.#isCut = true;
    this.#line++;
  }

  mend(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    this.#relink();
  }

  state(): BackplaneState {
    return this.#state;
  }

  onState(changed: (state: BackplaneState) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  async get(key: string): Promise<Entry | undefined> {
    checkKey(key);
    return entriesOf(await this.#ask({ kind: 'get', key })).entries[0];
  }

  async list(prefix: string): Promise<{ readonly revision: Revision; readonly entries: readonly Entry[] }> {
    checkPrefix(prefix);
    return entriesOf(await this.#ask({ kind: 'list', prefix }));
  }

  put(key: string, value: Uint8Array | string, options?: PutOptions): Promise<Revision> {
    return put(this, key, value, options);
  }

  async txn(operations: readonly Operation[], guards: readonly Guard[]): Promise<Revision> {
    const leases: Pick<Leases, 'check'> = { check: (lease) => this.check(lease) };
    const stored = storedOperations(operations, leases as Leases);
    for (const guard of guards) checkKey(guard.key);
    const reply = await this.#ask({ kind: 'txn', operations: stored, guards: [...guards] });
    if (reply.kind === 'conflict') throw new Conflict(reply.message);
    if (reply.kind === 'done') return reply.revision;
    throw new Unavailable(reply.kind === 'failed' ? reply.message : 'answered wrongly');
  }

  watch(prefix: string, deliver: (batch: Batch) => void): { close(): void } {
    checkPrefix(prefix);
    this.#refuseIfClosed();
    if (!this.#watches.hasRoom) throw new BadRequest(`${limits.watchesMax} watches are open already`);
    const subscription: Subscription = { prefix, line: -1 };
    const watch = this.#watches.add(prefix, (batch) => {
      // Changes that come on a new line before its snapshot would follow a gap.
      if (batch.isSnapshot || subscription.line === this.#line) deliver(batch);
    });
    this.#open.set(watch, subscription);
    this.#subscribe(watch, subscription);
    return {
      close: () => {
        this.#open.delete(watch);
        watch.close();
      },
    };
  }

  async lease(ttlMs: number): Promise<Lease> {
    checkTtl(ttlMs);
    this.#refuseIfClosed();
    const { engine, clock, name } = this.#options;
    const id = `${name}.${++this.#leaseCount}`;
    const sentAtMs = clock.nowMs();
    await this.#call(() => engine.grant(id, ttlMs));
    const lease = new ModelLease(id, ttlMs, sentAtMs, clock, {
      renew: () => this.#call(() => engine.renew(id)),
      revoke: () => this.#call(() => engine.revoke(id)),
      ended: () => this.#leases.delete(id),
    });
    this.#leases.set(id, lease);
    return lease;
  }

  async elect(name: string, self: string, lease: Lease, signal?: AbortSignal): Promise<Leadership> {
    checkKey(name);
    this.#refuseIfClosed();
    this.check(lease);
    return this.#elections.elect(name, self, lease, signal);
  }

  /** @throws Conflict when the lease is gone. */
  check(lease: Lease): void {
    if (!this.#leases.has(lease.id)) throw new Conflict(`the lease ${lease.id} is gone; nothing was applied`);
  }

  async backup(path: string): Promise<void> {
    this.#refuseIfClosed();
    if (existsSync(path)) throw new Error(`${path} exists already`);
    await this.#call(() => writeFileSync(path, this.#options.engine.image()));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeat.cancel();
    this.#elections.close();
    for (const lease of [...this.#leases.values()]) lease.end('the store was closed');
    await Promise.allSettled(this.#pending);
    for (const stop of this.#stops) stop();
    this.#watches.clear();
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new Unavailable('the store is closed; nothing was changed');
  }

  async #ask(request: Request): Promise<Reply> {
    this.#refuseIfClosed();
    return this.#call(() => this.#options.engine.ask(request));
  }

  #call<T>(act: () => T): Promise<T> {
    const { clock, callTimeoutMs } = this.#options;
    const call = new Promise<T>((resolve, reject) => {
      const timer = clock.after(callTimeoutMs, () => {
        this.#setState('lost');
        reject(new Unavailable(`no answer within ${callTimeoutMs} ms; it is not certain whether the change was made`));
      });
      this.#send(() => {
        const answer = act();
        this.#receive(() => {
          timer.cancel();
          resolve(answer);
        });
      });
    });
    this.#pending.add(call);
    const settled = (): void => void this.#pending.delete(call);
    call.then(settled, settled);
    return call;
  }

  #subscribe(watch: Watch, subscription: Subscription): void {
    const line = this.#line;
    this.#send(() => {
      const reply = this.#options.engine.ask({ kind: 'list', prefix: subscription.prefix });
      if (reply.kind !== 'entries') return;
      this.#receive(() => {
        if (line !== this.#line || !this.#open.has(watch)) return;
        subscription.line = line;
        watch.start(reply.revision, reply.entries);
      });
    });
  }

  #relink(): void {
    if (this.#isCut || this.#isClosed) return;
    this.#line++;
    for (const [watch, subscription] of this.#open) this.#subscribe(watch, subscription);
    this.#beat();
  }

  /** To the engine. Something sent by a process that is stopped or killed never leaves it: its clock sees to that. */
  #send(arrive: () => void): void {
    const { clock, engine, latencyMs } = this.#options;
    const line = this.#line;
    const go = (): void => {
      if (line === this.#line && !this.#isCut && engine.isUp) arrive();
    };
    const delayMs = latencyMs();
    if (delayMs === 0) clock.soon(go);
    else clock.after(delayMs, go);
  }

  /** From the engine, in order. */
  #receive(arrive: () => void): void {
    const { clock, latencyMs } = this.#options;
    if (this.#isCut) return;
    const line = this.#line;
    const go = (): void => {
      if (line !== this.#line || this.#isCut) return;
      this.#heardAtMs = clock.nowMs();
      arrive();
      this.#setState('ok');
    };
    const delayMs = latencyMs();
    if (delayMs === 0) {
      clock.soon(go);
      return;
    }
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, clock.nowMs() + delayMs);
    clock.after(this.#lastArrivalMs - clock.nowMs(), go);
  }

  #beat(): void {
    const { clock, callTimeoutMs } = this.#options;
    if (clock.nowMs() - this.#heardAtMs > callTimeoutMs + heartbeatMs) this.#setState('lost');
    this.#send(() => this.#receive(() => undefined));
  }

  #setState(state: BackplaneState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const changed of this.#listeners) changed(state);
  }
}

function entriesOf(reply: Reply): { readonly revision: Revision; readonly entries: readonly Entry[] } {
  if (reply.kind === 'entries') return reply;
  throw new Unavailable(reply.kind === 'failed' ? reply.message : 'answered wrongly');
}
