import type { Logger } from '#base';
import type { Clock } from '#io';
import { addressAndPort } from './hop.ts';
import type { Target } from './target.ts';

/** So often the same server is spoken of. */
const AGAIN_MS = 60_000;
/** When there are more they are all forgotten, and may be spoken of again. */
const mostServers = 256;

/** Tells the log of servers that were called by TLS and could not prove who they are. */
export class RefusedServers {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** When each was spoken of. */
  readonly #told = new Map<string, number>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  tell({ address, port, tlsName }: Target, error: Error): void {
    const server = addressAndPort(address, port);
    const place = `${server} ${tlsName ?? ''}`;
    const nowMs = this.#clock.nowMs();
    const before = this.#told.get(place);
    if (before !== undefined && nowMs - before < AGAIN_MS) return;
    if (this.#told.size >= mostServers) this.#told.clear();
    this.#told.set(place, nowMs);
    this.#logger.warn(
      { server, name: tlsName, err: error },
      'nothing is sent to a SIP server whose certificate is refused: its owner has to mend it, or sip.verifyServers is set to false',
    );
  }
}
