import type { Batch, Revision } from '../backplane.ts';
import type { WatchResponse } from './codec/watch.ts';
import { toEntry } from './entries.ts';

type Change = Batch['changes'][number];

/** Makes batches of what the engine tells: one per revision, also when it came in fragments. */
export class WatchBatches {
  #revision: Revision;
  #next: Revision = 0;
  #changes: Change[] = [];

  /** Nothing up to `revision` is told. */
  constructor(revision: Revision) {
    this.#revision = revision;
  }

  take({ events, isFragment }: WatchResponse): Batch[] {
    const batches: Batch[] = [];
    for (const { isDelete, keyValue } of events) {
      const { key, modRevision } = keyValue;
      if (modRevision <= this.#revision) continue;
      if (modRevision !== this.#next) this.#finish(batches);
      this.#next = modRevision;
      this.#changes.push({ key, entry: isDelete ? undefined : toEntry(keyValue) });
    }
    if (!isFragment) this.#finish(batches);
    return batches;
  }

  #finish(batches: Batch[]): void {
    if (this.#changes.length === 0) return;
    batches.push({ revision: this.#next, isSnapshot: false, changes: this.#changes });
    this.#revision = this.#next;
    this.#changes = [];
  }
}
