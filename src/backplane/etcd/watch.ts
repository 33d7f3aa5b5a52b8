import { reasonOf, type Logger } from '#base';
import type { Clock, Timer } from '#io';
import { Forbidden, type Batch, type Revision } from '../backplane.ts';
import { deliverOrFail } from '../deliver.ts';
import { decodeWatch, encodeProgressRequest, encodeWatchCreate, type WatchResponse } from './codec/watch.ts';
import { listEntries } from './entries.ts';
import { prefixRange } from './key-range.ts';
import { methods } from './methods.ts';
import type { EngineClient } from './rpc/engine-client.ts';
import type { RpcStream } from './rpc/link.ts';
import { WatchBatches } from './watch-batches.ts';

const retryFirstMs = 50;
const retryMaxMs = 1_000;
/** A stream that says nothing is asked for a sign of life, and given up when it gives none. */
const askAfterMs = 10_000;
const answerWithinMs = 5_000;

interface WatchDeps {
  readonly client: EngineClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Snapshot, then changes, for ever: when the stream breaks, a new one goes on after the last revision that was told; when
 * the history does not go back so far any more, with a new snapshot. Holds no changes back: what the consumer has not
 * taken waits in the engine, which keeps the history anyway.
 */
export class EtcdWatch {
  readonly #prefix: string;
  readonly #deliver: (batch: Batch) => void;
  readonly #deps: WatchDeps;
  readonly #ended: () => void;
  #stream: RpcStream | undefined;
  #timer: Timer | undefined;
  #retryMs = retryFirstMs;
  #revision: Revision = 0;
  #isOpen = true;
  #hasWarned = false;

  constructor(prefix: string, deliver: (batch: Batch) => void, deps: WatchDeps, ended: () => void) {
    this.#prefix = prefix;
    this.#deliver = deliver;
    this.#deps = deps;
    this.#ended = ended;
    void this.#snapshot();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drop();
    this.#ended();
  }

  async #snapshot(): Promise<void> {
    try {
      const { revision, entries } = await listEntries(this.#deps.client, this.#prefix);
      if (!this.#isOpen) return;
      this.#revision = revision;
      const changes = entries.map((entry) => ({ key: entry.key, entry }));
      this.#tell({ revision, isSnapshot: true, changes });
      this.#follow();
    } catch (error) {
      const reason = reasonOf(error);
      if (error instanceof Forbidden) this.#warnOnce(reason);
      this.#retry(() => void this.#snapshot(), reason);
    }
  }

  /** It may be allowed later, but somebody should know. */
  #warnOnce(reason: string): void {
    if (this.#hasWarned || !this.#isOpen) return;
    this.#hasWarned = true;
    this.#deps.logger.error({ prefix: this.#prefix, reason }, 'this server may not watch that; trying again');
  }

  /** Not cut off by a consumer that closed the watch meanwhile. */
  #tell(batch: Batch): void {
    if (this.#isOpen) deliverOrFail(this.#deliver, batch);
  }

  #follow(): void {
    if (!this.#isOpen) return;
    const { key, rangeEnd } = prefixRange(this.#prefix);
    const batches = new WatchBatches(this.#revision);
    const stream = this.#deps.client.stream(methods.watch, {
      message: (message) => this.#take(decodeWatch(message), batches),
      ended: (error) => this.#retry(() => this.#follow(), error?.message ?? 'the engine ended the stream'),
    });
    this.#stream = stream;
    stream.send(encodeWatchCreate(key, rangeEnd, this.#revision + 1));
    this.#armSilence(answerWithinMs);
  }

  #take(response: WatchResponse, batches: WatchBatches): void {
    this.#armSilence(askAfterMs);
    if (response.isCanceled) {
      this.#cancelled(response);
      return;
    }
    // From here on it works; a progress answer's revision is not used: it may overtake changes (etcd before 3.4.25).
    this.#retryMs = retryFirstMs;
    for (const batch of batches.take(response)) {
      this.#revision = batch.revision;
      this.#tell(batch);
    }
  }

  #cancelled({ compactRevision, cancelReason }: WatchResponse): void {
    if (compactRevision > 0) {
      this.#deps.logger.info({ prefix: this.#prefix, compactRevision }, 'watch: the history was cut; a new snapshot');
      this.#drop();
      void this.#snapshot();
    } else this.#retry(() => void this.#snapshot(), `the engine cancelled it: ${cancelReason}`);
  }

  #armSilence(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.after(ms, () => {
      if (ms === askAfterMs) {
        this.#stream?.send(encodeProgressRequest());
        this.#armSilence(answerWithinMs);
      } else {
        this.#deps.client.leaveCurrent();
        this.#retry(() => this.#follow(), `silent for ${ms} ms`);
      }
    });
  }

  #retry(again: () => void, why: string): void {
    if (!this.#isOpen) return;
    this.#drop();
    this.#deps.logger.debug({ prefix: this.#prefix, why }, 'watch interrupted');
    this.#timer = this.#deps.clock.after(this.#retryMs, again);
    this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs);
  }

  #drop(): void {
    this.#timer?.cancel();
    this.#stream?.cancel();
    this.#stream = undefined;
  }
}
