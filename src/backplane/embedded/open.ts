import { silentLogger, type Logger } from '#base';
import type { Clock } from '#io';
import type { Backplane } from '../backplane.ts';
import { EmbeddedBackplane } from './embedded-backplane.ts';
import { inlineEngine } from './inline-engine.ts';
import { threadEngine } from './thread-engine.ts';

export interface EmbeddedOptions {
  /** The SQLite file; made if it is not there. Its directory must exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** A call that the store has not answered by then is `Unavailable`. */
  readonly callTimeoutMs?: number;
  /**
   * `own` (default): SQLite works in a thread of its own, so that fsync never holds up this loop.
   * `caller`: it works in this loop; for tools, and for tests that open many stores.
   */
  readonly thread?: 'own' | 'caller';
}

const defaultCallTimeoutMs = 5_000;

/** Opens the store of a stand-alone server. Rejects with a `StoreError`, whose code and message say why. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Backplane> {
  const { path, clock, logger = silentLogger, callTimeoutMs = defaultCallTimeoutMs } = options;
  const engine = options.thread === 'caller' ? inlineEngine(path) : await threadEngine(path);
  return new EmbeddedBackplane(engine, clock, callTimeoutMs, logger);
}
