import { HubfarmError } from '#base';
import type { MemberId, ThreadLines } from '#cluster';
import type { ThreadPort } from '#io';
import type { FromMember, ToMember } from './thread-messages.ts';

type Heard = Extract<ToMember, { kind: 'line' | 'connected' | 'notConnected' }>;

/** In the thread of a further member: gets lines to the others by way of the first thread. */
export class MemberLines implements ThreadLines {
  readonly #ask: (message: FromMember) => void;
  readonly #asked = new Map<number, PromiseWithResolvers<ThreadPort>>();
  #accept: ((from: MemberId, port: ThreadPort) => void) | undefined;
  #lastId = 0;

  constructor(ask: (message: FromMember) => void) {
    this.#ask = ask;
  }

  connect(to: MemberId): Promise<ThreadPort> {
    const id = ++this.#lastId;
    const asked = Promise.withResolvers<ThreadPort>();
    this.#asked.set(id, asked);
    this.#ask({ kind: 'connect', id, to });
    return asked.promise;
  }

  onLine(accept: (from: MemberId, port: ThreadPort) => void): void {
    this.#accept = accept;
  }

  hear(message: Heard, [port]: readonly ThreadPort[]): void {
    if (message.kind === 'line') {
      if (this.#accept !== undefined && port !== undefined) this.#accept(message.from, port);
      else port?.close();
      return;
    }
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.kind === 'notConnected') asked?.reject(new HubfarmError('NO_THREAD', message.cause));
    else if (port !== undefined) asked?.resolve(port);
  }
}
