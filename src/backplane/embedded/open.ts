import { silentLogger, type Logger } from '#base';
import type { Clock } from '#io';
import type { Backplane } from '../backplane.ts';
import { EmbeddedBackplane } from './embedded-backplane.ts';
import { inlineEngine } from './inline-engine.ts';

export interface EmbeddedOptions {
  /** The SQLite file; made if it is not there. Its directory must exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** Opens the store of a stand-alone server. Rejects with a `StoreError`, whose code and message say why. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Backplane> {
  const engine = await Promise.resolve(inlineEngine(options.path));
  return new EmbeddedBackplane(engine, options.clock, options.logger ?? silentLogger);
}
