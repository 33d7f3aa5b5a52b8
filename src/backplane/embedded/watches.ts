import type { Batch, Entry, Revision } from '../backplane.ts';
import { deliverOrFail } from '../deliver.ts';
import { limits } from '../limits.ts';
import type { Change } from './requests.ts';

export interface Watch {
  /** The snapshot: from here on the watch gets batches. Called again, it replaces the consumer's view. */
  start(revision: Revision, entries: readonly Entry[]): void;
  readonly isOpen: boolean;
  close(): void;
}

/** Hands changes to those who watch their keys. A consumer that throws is a fault of the program and ends it. */
export class Watches {
  readonly #started = new Map<string, Set<(batch: Batch) => void>>();
  #open = 0;

  /** False at the cap. */
  get hasRoom(): boolean {
    return this.#open < limits.watchesMax;
  }

  add(prefix: string, deliver: (batch: Batch) => void): Watch {
    let isOpen = true;
    const guarded = (batch: Batch): void => {
      if (isOpen) deliverOrFail(deliver, batch);
    };
    this.#open++;
    return {
      get isOpen() {
        return isOpen;
      },
      start: (revision, entries) => {
        if (!isOpen) return;
        this.#started.set(prefix, (this.#started.get(prefix) ?? new Set()).add(guarded));
        guarded({ revision, isSnapshot: true, changes: entries.map((entry) => ({ key: entry.key, entry })) });
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#open--;
        this.#remove(prefix, guarded);
      },
    };
  }

  deliver(revision: Revision, changes: readonly Change[]): void {
    for (const [prefix, watchers] of this.#started) {
      const mine = changes.filter((change) => change.key.startsWith(prefix));
      if (mine.length === 0) continue;
      const batch = { revision, isSnapshot: false, changes: mine };
      for (const watcher of watchers) watcher(batch);
    }
  }

  clear(): void {
    this.#started.clear();
  }

  #remove(prefix: string, watcher: (batch: Batch) => void): void {
    const watchers = this.#started.get(prefix);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#started.delete(prefix);
  }
}
