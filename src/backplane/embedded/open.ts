import { silentLogger, type Logger } from '#base';
import type { Clock, ThreadPort, Threads } from '#io';
import type { Backplane } from '../backplane.ts';
import { EmbeddedBackplane } from './embedded-backplane.ts';
import { inlineEngine } from './inline-engine.ts';
import { joinEngine, threadEngine } from './thread-engine.ts';

export interface EmbeddedOptions {
  /** The SQLite file; made if it is not there. Its directory must exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Where SQLite shall work: in a thread of its own. Without: in the caller's loop, which each fsync holds up. */
  readonly threads?: Threads;
  /** A call that the store has not answered by then is `Unavailable`. */
  readonly callTimeoutMs?: number;
}

const defaultCallTimeoutMs = 5_000;

/** Opens the store of a stand-alone server. Rejects with a `StoreError`, whose code and message say why. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Backplane> {
  const { path, clock, logger = silentLogger, threads, callTimeoutMs = defaultCallTimeoutMs } = options;
  const engine = threads === undefined ? inlineEngine(path) : await threadEngine(path, threads);
  return new EmbeddedBackplane(engine, clock, callTimeoutMs, logger);
}

/** A store for several threads of this process. Who opened it closes it, after the others. */
export interface EmbeddedStore {
  readonly backplane: Backplane;
  /** For one other thread, which gives it to `joinEmbedded`. */
  invite(): ThreadPort;
}

export async function openEmbeddedStore(
  options: EmbeddedOptions & { readonly threads: Threads },
): Promise<EmbeddedStore> {
  const { path, clock, logger = silentLogger, threads, callTimeoutMs = defaultCallTimeoutMs } = options;
  const engine = await threadEngine(path, threads);
  return {
    backplane: new EmbeddedBackplane(engine, clock, callTimeoutMs, logger),
    invite: () => engine.invite(),
  };
}

/**
 * The store of another thread of this process. Leases made here end when this thread hangs for as long as their TTL,
 * and at once when it ends.
 */
export async function joinEmbedded(
  invitation: ThreadPort,
  options: Pick<EmbeddedOptions, 'clock' | 'logger' | 'callTimeoutMs'>,
): Promise<Backplane> {
  const { clock, logger = silentLogger, callTimeoutMs = defaultCallTimeoutMs } = options;
  return new EmbeddedBackplane(await joinEngine(invitation), clock, callTimeoutMs, logger);
}
