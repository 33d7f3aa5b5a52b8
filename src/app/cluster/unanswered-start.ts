import type { Backplane, Batch } from '#backplane';
import type { Logger } from '#base';
import type { Clock, Timer } from '#io';
import type { SeenConfiguration } from './seen-configuration.ts';

const patienceMs = 500;
/** The engine answers, but not this: the server has lost its right to it, and what it saw before counts no more. */
const rightsWithinMs = 5_000;
const nothing: Batch = { revision: 0, isSnapshot: true, changes: [] };

/**
 * The cluster's store, for a server that starts while the engine is away: watches begin with what this server saw of the
 * configuration before, and with nothing of anything else, so that everything comes up and administrators get answers; the
 * truth follows as ever. What is written rests on guards, which such a view does not satisfy by mistake.
 */
export function startsUnanswered(store: Backplane, seen: SeenConfiguration, clock: Clock, logger: Logger): Backplane {
  const start: Start = { store, seen, clock, logger, hasAnswered: store.state() === 'ok', waitMs: patienceMs };
  return {
    mode: store.mode,
    state: () => store.state(),
    onState: (changed) => store.onState(changed),
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    put: (key, value, options) => store.put(key, value, options),
    txn: (operations, guards) => store.txn(operations, guards),
    watch: (prefix, deliver) => new PatientWatch(start, prefix, deliver),
    lease: (ttlMs) => store.lease(ttlMs),
    elect: (name, self, lease, signal) => store.elect(name, self, lease, signal),
    backup: (path) => store.backup(path),
    close: () => store.close(),
  };
}

interface Start {
  readonly store: Backplane;
  readonly seen: SeenConfiguration;
  readonly clock: Clock;
  readonly logger: Logger;
  hasAnswered: boolean;
  /** The first watch waits a moment, for an engine that is only slow. */
  waitMs: number;
}

class PatientWatch {
  readonly #start: Start;
  readonly #prefix: string;
  readonly #deliver: (batch: Batch) => void;
  readonly #watch: { close(): void };
  readonly #unfollow: () => void;
  #isAnswered = false;
  #isOpen = true;
  #patience: Timer | undefined;
  /** When what was seen before is no good any more. */
  #end: Timer | undefined;
  #rights: Timer | undefined;

  constructor(start: Start, prefix: string, deliver: (batch: Batch) => void) {
    this.#start = start;
    this.#prefix = prefix;
    this.#deliver = deliver;
    if (!start.hasAnswered) this.#patience = start.clock.after(start.waitMs, () => void this.#giveUp());
    this.#unfollow = start.store.onState((state) => this.#follow(state));
    this.#watch = start.store.watch(prefix, (batch) => this.#take(batch));
  }

  close(): void {
    this.#isOpen = false;
    this.#settle();
    this.#watch.close();
  }

  #take(batch: Batch): void {
    this.#start.hasAnswered = true;
    this.#isAnswered = true;
    this.#settle();
    this.#start.seen.keep(this.#prefix, batch);
    this.#deliver(batch);
  }

  async #giveUp(): Promise<void> {
    const { seen, logger, clock, store } = this.#start;
    this.#start.waitMs = 0;
    const recalled = store.state() === 'ok' ? undefined : await this.#recall();
    if (this.#isAnswered || !this.#isOpen) return;
    const entries = recalled?.changes.length ?? 0;
    logger.debug({ prefix: this.#prefix, entries }, 'the engine does not answer: a watch begins with what is known');
    if (entries > 0) {
      seen.using(this.#prefix, true);
      this.#end = clock.after(Math.max(0, seen.leftMs()), () => this.#empty('it is too old'));
    }
    this.#deliver(recalled ?? nothing);
    if (store.state() === 'ok') this.#follow('ok');
  }

  async #recall(): Promise<Batch | undefined> {
    try {
      return await this.#start.seen.recall(this.#prefix);
    } catch (error) {
      this.#start.logger.error({ err: error }, 'what was seen of the cluster before cannot be read');
      return undefined;
    }
  }

  #follow(state: ReturnType<Backplane['state']>): void {
    this.#rights?.cancel();
    if (state !== 'ok' || this.#end === undefined) return;
    this.#rights = this.#start.clock.after(rightsWithinMs, () => this.#empty('the engine does not give it any more'));
  }

  #empty(why: string): void {
    this.#start.logger.warn({ prefix: this.#prefix, why }, 'what was seen of the cluster before is not used any more');
    this.#leaveSeen();
    this.#deliver(nothing);
  }

  #settle(): void {
    this.#patience?.cancel();
    this.#unfollow();
    this.#leaveSeen();
  }

  #leaveSeen(): void {
    this.#end?.cancel();
    this.#rights?.cancel();
    this.#end = undefined;
    this.#start.seen.using(this.#prefix, false);
  }
}
