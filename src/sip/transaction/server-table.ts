import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import type { AnswerPlace } from '../transport/transport-layer.ts';
import type { ServerTransaction } from './server-transaction.ts';

/**
 * RFC 3261 §17.2.3: branch, sent-by and method find the server transaction. The branch alone is the key of the map, since
 * hardly any two senders use the same one; those that do are chained.
 */
export class ServerTable {
  readonly #byKey = new Map<string, ServerTransaction>();
  /** Of those that end here, by what a copy that came another way has in common with them. */
  readonly #ends = new Map<string, ServerTransaction>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The transaction of the very method; that of the INVITE for an ACK. */
  find(key: string, via: Via, method: string): ServerTransaction | undefined {
    const wanted = method === 'ACK' ? 'INVITE' : method;
    let one = this.#byKey.get(key);
    while (one !== undefined && !(one.method === wanted && isSameSender(one.place, via))) one = one.next;
    return one;
  }

  /** Some request with that key is known, whoever has sent it. */
  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** What a CANCEL takes back: the one with its key that is not a CANCEL (RFC 3261 §9.2). */
  findCancelled(key: string, via: Via): ServerTransaction | undefined {
    let one = this.#byKey.get(key);
    while (one !== undefined && !(one.method !== 'CANCEL' && isSameSender(one.place, via))) one = one.next;
    return one;
  }

  /** RFC 3261 §8.2.2.2: the request has come already, by another way and with another branch. */
  hasMerged(message: SipMessage): boolean {
    return this.#ends.size > 0 && this.#ends.has(endKeyOf(message));
  }

  /** Its request ends here: other copies of it are merged requests. */
  addEnd(transaction: ServerTransaction, message: SipMessage): void {
    transaction.endKey = endKeyOf(message);
    this.#ends.set(transaction.endKey, transaction);
  }

  add(transaction: ServerTransaction): void {
    transaction.next = this.#byKey.get(transaction.key);
    this.#byKey.set(transaction.key, transaction);
    this.#size++;
  }

  remove(transaction: ServerTransaction): void {
    if (transaction.endKey !== '') this.#ends.delete(transaction.endKey);
    const first = this.#byKey.get(transaction.key);
    if (first === undefined) return;
    if (first === transaction) {
      if (first.next === undefined) this.#byKey.delete(first.key);
      else this.#byKey.set(first.key, first.next);
      this.#size--;
      return;
    }
    let before = first;
    while (before.next !== undefined && before.next !== transaction) before = before.next;
    if (before.next !== transaction) return;
    before.next = transaction.next;
    this.#size--;
  }

  *[Symbol.iterator](): Generator<ServerTransaction> {
    for (const first of this.#byKey.values()) {
      for (let one: ServerTransaction | undefined = first; one !== undefined; one = one.next) yield one;
    }
  }
}

/** Joined, since a template would keep its parts, and so the text of the message, for as long as the transaction lasts. */
function endKeyOf(message: SipMessage): string {
  return [message.callId(), message.cseq().number, message.method, message.from().tag ?? ''].join(' ');
}

function isSameSender(a: AnswerPlace, b: AnswerPlace): boolean {
  return a.port === b.port && a.host.toLowerCase() === b.host.toLowerCase();
}
