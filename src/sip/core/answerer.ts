import type { HeaderLine } from '../message/field-text.ts';
import type { Incoming } from '../proxy/incoming.ts';
import { reply } from '../transaction/reply.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { Verdict } from './link.ts';

export interface AnswerOptions {
  readonly reason?: string;
  readonly headers?: readonly HeaderLine[];
}

/** Final answers of the core: in the transaction where there is one, else without (RFC 3261 §8.2.7), which costs no memory. */
export class Answerer {
  readonly #layer: TransactionLayer;

  constructor(layer: TransactionLayer) {
    this.#layer = layer;
  }

  answer(incoming: Incoming, status: number, options: AnswerOptions = {}): Verdict {
    const { message, hop, transaction, via } = incoming;
    if (incoming.isStrayCancel && (status === 404 || status === 480)) return this.#noSuchTransaction(incoming);
    if (transaction === undefined) {
      this.#layer.respondStatelessly(message, hop, status, options);
    } else {
      const toTag = this.#layer.statelessTag.of(message, via);
      transaction.respond(reply(message, hop, status, { ...options, toTag }), status);
    }
    return 'answered';
  }

  /** RFC 3261 §9.2. */
  #noSuchTransaction({ message, hop }: Incoming): Verdict {
    this.#layer.respondStatelessly(message, hop, 481);
    return 'answered';
  }
}
