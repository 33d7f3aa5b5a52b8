import { reasonOf } from '#base';
import type { Clock, ThreadPort, Timer } from '#io';
import { storeEngine, type StoreEngine } from './inline-engine.ts';
import { LeaseWatch } from './lease-watch.ts';
import { packReply, unpackRequest } from './packed-requests.ts';
import type { Request, StoreReply } from './requests.ts';
import { StoreError } from './store-error.ts';
import { openingId, type Answer, type FromThread, type Question, type ToThread } from './thread-messages.ts';

interface Client {
  readonly port: ThreadPort;
  readonly leasePrefix: string;
}

const retryMs = 1_000;
/** A list of so many entries leaves tens of megabytes of garbage, which an idle thread would keep for hours. */
const longList = 10_000;
/** After the answer has been read. */
const collectAfterMs = 500;
/** Gives pages back, too: a server reads such lists when it starts, and seldom again. */
const thorough = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

/** The store's own thread: one database, clients in any number of threads, each told what the others change. */
export class StoreHost {
  readonly #engine: StoreEngine;
  readonly #clock: Clock;
  readonly #leases: LeaseWatch;
  readonly #clients = new Set<Client>();
  #count = 0;
  #collection: Timer | undefined;
  #isClosed = false;

  constructor(path: string, clock: Clock) {
    this.#clock = clock;
    this.#leases = new LeaseWatch(clock, (lease) => void this.#expire(lease));
    this.#engine = storeEngine(path, (lease) => this.#leases.isLive(lease));
  }

  /** `owner` closes the store for all. */
  serve(port: ThreadPort, isOwner: boolean): void {
    const client = { port, leasePrefix: `${this.#engine.leasePrefix}.${this.#count++}` };
    this.#clients.add(client);
    port.receive((message, ends) => this.#hear(client, isOwner, message as ToThread, ends));
    if (!isOwner) port.onClosed(() => this.#left(client));
    send(client, { kind: 'answer', id: openingId, answer: { kind: 'opened', leasePrefix: client.leasePrefix } });
  }

  #hear(client: Client, isOwner: boolean, message: ToThread, ends: readonly ThreadPort[]): void {
    switch (message.kind) {
      case 'ask':
        void this.#answer(client, isOwner, message.question).then((answer) => {
          send(client, { kind: 'answer', id: message.id, answer });
          if (message.question.kind === 'close') this.#close(client, isOwner);
        });
        return;
      case 'granted':
        this.#leases.granted(message.lease, message.ttlMs);
        return;
      case 'renewed':
        this.#leases.renewed(message.lease);
        return;
      case 'invite':
        for (const end of ends) this.serve(end, false);
    }
  }

  async #answer(client: Client, isOwner: boolean, question: Question): Promise<Answer> {
    try {
      switch (question.kind) {
        case 'run': {
          const requests = question.requests.map(unpackRequest);
          const replies = await this.#run(client, requests);
          if (replies.some((reply) => reply.kind === 'listed' && reply.keys.length > longList)) this.#collectSoon();
          return { kind: 'replies', replies: replies.map((reply, at) => packReply(reply, requests[at]!)) };
        }
        case 'backup':
          await this.#engine.backup(question.path);
          return { kind: 'done' };
        case 'close':
          if (isOwner) await this.#engine.close();
          return { kind: 'done' };
      }
    } catch (error) {
      return failure(error);
    }
  }

  /** Everybody else hears of it at the moment of the commit: so each sees all changes in the order of the store. */
  async #run(from: Client | undefined, requests: readonly Request[]): Promise<readonly StoreReply[]> {
    const replies = await this.#engine.run(requests);
    requests.forEach((request, i) => {
      if (request.kind === 'expire' && replies[i]?.kind === 'done') this.#leases.ended(request.lease);
    });
    const changing = replies.filter((reply) => reply.kind === 'done').filter(({ changes }) => changes.length > 0);
    if (changing.length > 0) {
      for (const client of this.#clients) if (client !== from) send(client, { kind: 'others', replies: changing });
    }
    return replies;
  }

  /** Where the runtime was started for it, as `hubfarm serve` does. */
  #collectSoon(): void {
    const { gc } = globalThis;
    if (gc === undefined) return;
    this.#collection?.cancel();
    this.#collection = this.#clock.after(collectAfterMs, () => gc(thorough));
  }

  /** For a holder that cannot do so itself any more; while the disk refuses, again and again. */
  async #expire(lease: string): Promise<void> {
    if (this.#isClosed) return;
    const [reply] = await this.#run(undefined, [{ kind: 'expire', lease }]);
    if (reply?.kind !== 'done') this.#clock.after(retryMs, () => void this.#expire(lease));
  }

  #close(client: Client, isOwner: boolean): void {
    if (isOwner) {
      this.#isClosed = true;
      this.#leases.stop();
      for (const { port } of this.#clients) port.close();
    } else client.port.close();
  }

  #left(client: Client): void {
    if (this.#clients.delete(client) && !this.#isClosed) this.#leases.holderGone(client.leasePrefix);
  }
}

function send({ port }: Client, message: FromThread): void {
  port.post(message);
}

export function failure(error: unknown): Answer {
  const message = reasonOf(error);
  return { kind: 'error', code: error instanceof StoreError ? error.code : 'STORE_FAILED', message };
}
