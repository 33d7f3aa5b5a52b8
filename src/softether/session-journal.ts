import type { Backplane, Operation } from '#backplane';
import { sha256, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import { decodeJournalEntry, encodeJournalEntry, type JournalEntry } from './journal-entry.ts';

export interface SessionJournalOptions {
  readonly backplane: Backplane;
  /** Of this member alone: `run/session/<member>/` */
  readonly prefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A session that is younger than this when the process is killed cannot be taken up again. */
const WRITE_EVERY_MS = 2_000;
const OPERATIONS_PER_WRITE = 100;
/** Clients try to get their session back for its time-out, 60 s at most, after they have lost us. */
const RECALL_FOR_MS = 90_000;

/**
 * Keeps what is needed to go on with the sessions of this member after a restart or a crash. A stock client that has lost
 * its last connection asks for it with `additional_connect` about once a second for as long as its session time-out;
 * only then, or when the answer is 13, does it log in anew, after its retry interval of 15 s. A server that still
 * knows the session has its clients back within a second of its start, with their TCP connections inside the VPN alive.
 *
 * Entries are found by a hash of the session key, so the store holds nothing that would open a session. They are
 * written behind the sessions' back, in batches; a store that does not take them costs the resumption, nothing else.
 */
export class SessionJournal {
  readonly #options: SessionJournalOptions;
  /** Of the process before this one. */
  readonly #recalled: Map<string, JournalEntry>;
  readonly #keptNames: Set<string>;
  /** To be written; undefined = to be deleted. */
  #unwritten = new Map<string, Buffer | undefined>();
  #writing: Promise<void> = Promise.resolve();
  readonly #timers: Timer[];

  private constructor(options: SessionJournalOptions, recalled: Map<string, JournalEntry>) {
    this.#options = options;
    this.#recalled = recalled;
    this.#keptNames = new Set(
      Array.from(recalled.values(), ({ hubName, identity }) => nameKey(hubName, identity.name)),
    );
    const { clock } = options;
    this.#timers = [
      clock.every(WRITE_EVERY_MS, () => void this.write()),
      clock.after(RECALL_FOR_MS, () => this.#forgetRecalled()),
    ];
  }

  static async open(options: SessionJournalOptions): Promise<SessionJournal> {
    const { backplane, prefix, logger } = options;
    const recalled = new Map<string, JournalEntry>();
    const { entries } = await backplane.list(prefix);
    for (const { key, value } of entries) {
      const entry = decodeOrWarn(key, value, logger);
      if (entry !== undefined) recalled.set(key, entry);
    }
    const journal = new SessionJournal(options, recalled);
    for (const { key } of entries) if (!recalled.has(key)) journal.#unwritten.set(key, undefined);
    return journal;
  }

  /** A session of this name may still come back: a new one must not take it. */
  isNameKept(hubName: string, name: string): boolean {
    return this.#keptNames.has(nameKey(hubName, name));
  }

  /** What is known of the session with this key from before the start. */
  recall(keyText: string): JournalEntry | undefined {
    return this.#recalled.get(this.#keyOf(keyText));
  }

  /** The session lives, newly logged in or taken up again. */
  begun(keyText: string, entry: JournalEntry): void {
    const key = this.#keyOf(keyText);
    this.#recalled.delete(key);
    this.#unwritten.set(key, encodeJournalEntry(entry));
  }

  /** For good: nobody comes back to it. Not to be called for what the stop of the server ends. */
  ended(keyText: string): void {
    this.#unwritten.set(this.#keyOf(keyText), undefined);
  }

  /** Resolves when everything so far is in the store, or could not be written (which is logged). */
  write(): Promise<void> {
    const changes = [...this.#unwritten];
    this.#unwritten = new Map();
    if (changes.length > 0) this.#writing = this.#writing.then(() => this.#store(changes));
    return this.#writing;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.write();
  }

  async #store(changes: readonly (readonly [string, Buffer | undefined])[]): Promise<void> {
    const { backplane, logger } = this.#options;
    for (let from = 0; from < changes.length; from += OPERATIONS_PER_WRITE) {
      const operations = changes.slice(from, from + OPERATIONS_PER_WRITE).map(operationOf);
      try {
        await backplane.txn(operations, []);
      } catch (error) {
        logger.warn({ err: error, sessions: changes.length - from }, 'sessions could not be kept for a restart');
        return;
      }
    }
  }

  #forgetRecalled(): void {
    for (const key of this.#recalled.keys()) this.#unwritten.set(key, undefined);
    this.#recalled.clear();
    this.#keptNames.clear();
  }

  #keyOf(keyText: string): string {
    return this.#options.prefix + sha256(Buffer.from(keyText, 'latin1')).toString('hex');
  }
}

function nameKey(hubName: string, name: string): string {
  return `${hubName}/${name}`.toUpperCase();
}

function operationOf([key, value]: readonly [string, Buffer | undefined]): Operation {
  return value === undefined ? { kind: 'delete', key } : { kind: 'put', key, value };
}

function decodeOrWarn(key: string, value: Uint8Array, logger: Logger): JournalEntry | undefined {
  try {
    return decodeJournalEntry(value);
  } catch (error) {
    logger.warn({ key, err: error }, 'a kept session cannot be read and is forgotten');
    return undefined;
  }
}
