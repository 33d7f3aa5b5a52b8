import type { Backplane } from '#backplane';
import { HubfarmError, type Logger } from '#base';
import { parseMemberId, type Controllership, type MemberBoot, type MemberId } from '#cluster';
import type { Clock, Timer } from '#io';
import type { HubDirectory } from './directory.ts';
import { encodeRecord, Fields } from './record-codec.ts';
import type { StatisticsReport } from './statistics-report.ts';
import { StatisticsStore } from './statistics-store.ts';
import type { Statistics, StatisticsOwner } from './statistics.ts';
import { WatchedCopy } from './watched-copy.ts';

export interface StatisticsCollectorOptions {
  readonly backplane: Backplane;
  readonly directory: Pick<HubDirectory, 'existenceGuard'>;
  readonly controllership: Pick<Controllership, 'isController' | 'guard' | 'onChange'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reports are gathered so long, and then written together. */
const gatherMs = 500;
/** How far each member's reports have been added: `stat/member/<server>/<index>`. */
const marksPrefix = 'stat/member/';

interface Mark {
  readonly boot: string;
  readonly sequence: number;
}

interface Waiting {
  readonly mark: Mark;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly done: Promise<void>;
}

/**
 * The sums of the cluster, which only its controller writes. Each report counts once, whichever controller gets it
 * first: how far it got with each member is written with the sums themselves.
 */
export class StatisticsCollector {
  readonly #options: StatisticsCollectorOptions;
  readonly #store: StatisticsStore;
  readonly #stored = new Map<string, Mark>();
  /** Reports that have been added to what waits to be written, by the key of the member's mark. */
  readonly #waiting = new Map<string, Waiting>();
  #marks!: WatchedCopy;
  #timer: Timer | undefined;
  readonly #unsubscribe: () => void;

  private constructor(options: StatisticsCollectorOptions, store: StatisticsStore) {
    this.#options = options;
    this.#store = store;
    this.#unsubscribe = options.controllership.onChange(() => {
      if (!options.controllership.isController()) this.#giveUp('another member is the controller now');
    });
  }

  static async open(options: StatisticsCollectorOptions): Promise<StatisticsCollector> {
    const { backplane, directory, controllership, logger } = options;
    const leadership = () => controllership.guard();
    const store = await StatisticsStore.open({ backplane, directory, logger, leadership });
    const collector = new StatisticsCollector(options, store);
    collector.#marks = await WatchedCopy.open(backplane, marksPrefix, (key, entry) => {
      const mark = entry === undefined ? undefined : decodeMark(key, entry.value);
      if (mark === undefined) collector.#stored.delete(key);
      else collector.#stored.set(key, mark);
    });
    return collector;
  }

  /** Everything that members have reported so far. */
  of(owner: StatisticsOwner): Statistics {
    return this.#store.of(owner);
  }

  /** The owner was deleted. */
  forget(owner: StatisticsOwner): void {
    this.#store.forget(owner);
  }

  /** Resolves when the report is durable: then the member may forget it. */
  receive(from: MemberBoot, report: StatisticsReport): Promise<void> {
    if (!this.#options.controllership.isController()) {
      return Promise.reject(new HubfarmError('NOT_CONTROLLER', 'this member is not the controller'));
    }
    const key = markKey(from.member);
    const mark = { boot: from.boot, sequence: report.sequence };
    if (isAdded(this.#stored.get(key), mark)) return Promise.resolve();
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined)
      return isAdded(waiting.mark, mark) ? waiting.done : this.#afterwards(waiting, from, report);
    for (const { owner, delta } of report.rows) this.#store.add(owner, delta);
    this.#store.mark(key, encodeRecord(mark));
    this.#timer ??= this.#options.clock.after(gatherMs, () => void this.#write());
    return this.#wait(key, mark);
  }

  /** Writes what has come, if this member still leads; after that nothing is taken any more. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#write();
    this.#giveUp('this member stops');
    this.#marks.close();
    this.#store.close();
  }

  /** A member sends its next report only after the last one has arrived; one that was started again need not know. */
  async #afterwards(waiting: Waiting, from: MemberBoot, report: StatisticsReport): Promise<void> {
    await waiting.done;
    await this.receive(from, report);
  }

  #wait(key: string, mark: Mark): Promise<void> {
    const { promise: done, resolve, reject } = Promise.withResolvers<undefined>();
    this.#waiting.set(key, { mark, resolve: () => resolve(undefined), reject, done });
    return done;
  }

  async #write(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const written = [...this.#waiting];
    if (written.length === 0) return;
    const isWritten = await this.#store.flush();
    if (!isWritten && !this.#options.controllership.isController()) {
      this.#giveUp('this member is not the controller any more');
      return;
    }
    if (!isWritten) {
      this.#timer ??= this.#options.clock.after(gatherMs, () => void this.#write());
      return;
    }
    for (const [key, waiting] of written) {
      if (this.#waiting.get(key) !== waiting) continue;
      this.#waiting.delete(key);
      // The copy of the marks may still be behind.
      this.#stored.set(key, waiting.mark);
      waiting.resolve();
    }
  }

  /** Members send again, to the next controller, what has not been written. */
  #giveUp(reason: string): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#store.drop();
    for (const { reject, done } of this.#waiting.values()) {
      done.catch(() => undefined);
      reject(new HubfarmError('NOT_CONTROLLER', reason));
    }
    this.#waiting.clear();
  }
}

const markKey = (member: MemberId): string => {
  const { server, index } = parseMemberId(member) ?? { server: 'unknown', index: 0 };
  return `${marksPrefix}${server}/${index}`;
};

function isAdded(known: Mark | undefined, { boot, sequence }: Mark): boolean {
  return known?.boot === boot && known.sequence >= sequence;
}

function decodeMark(key: string, value: Uint8Array): Mark | undefined {
  try {
    const fields = new Fields(key, value);
    return { boot: fields.string('boot'), sequence: fields.number('sequence') };
  } catch {
    return undefined;
  }
}
