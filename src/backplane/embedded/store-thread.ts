import type { Clock, ThreadPort } from '#io';
import { failure, StoreHost } from './store-host.ts';
import { openingId, type FromThread } from './thread-messages.ts';

/** The body of the store's own thread. `input` = the path of the store. It ends after its owner's `close`. */
export function run(port: ThreadPort, input: unknown, clock: Clock): void {
  let host: StoreHost;
  try {
    host = new StoreHost(String(input), clock);
  } catch (error) {
    port.post({ kind: 'answer', id: openingId, answer: failure(error) } satisfies FromThread);
    return;
  }
  host.serve(port, true);
}
