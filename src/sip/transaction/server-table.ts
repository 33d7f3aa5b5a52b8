import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import type { AnswerPlace } from '../transport/transport-layer.ts';
import { IdTable } from './id-table.ts';
import type { ServerTransaction } from './server-transaction.ts';
import type { ShortMac } from './short-mac.ts';
import { WideHash } from './wide-hash.ts';

/**
 * RFC 3261 §17.2.3: branch, sent-by and method find the server transaction. 64 bits of the branch alone find its place, since
 * hardly any two senders use the same one; those that do are chained there. The hash is begun from a key of the farm's:
 * strangers, who choose the branches, cannot choose the places.
 */
export class ServerTable {
  readonly #hash: WideHash;
  readonly #ids = new IdTable();
  /** The first of each chain, by its place. */
  readonly #chains: (ServerTransaction | undefined)[] = [];
  readonly #free: number[] = [];
  /** Of those that end here, by what a copy that came another way has in common with them. */
  readonly #ends = new Map<string, ServerTransaction>();
  #size = 0;

  constructor(mac: ShortMac) {
    this.#hash = new WideHash(mac.begin().text('servers').finish(), mac.finishMore());
  }

  get size(): number {
    return this.#size;
  }

  /** The transaction of the very method; that of the INVITE for an ACK. */
  find(key: string, via: Via, method: string): ServerTransaction | undefined {
    const wanted = method === 'ACK' ? 'INVITE' : method;
    let one = this.#first(key);
    while (one !== undefined && !(one.key === key && one.method === wanted && isSameSender(one.place, via)))
      one = one.next;
    return one;
  }

  /** Some request may be known that has this key, which is text in `bytes`, whoever has sent it. */
  mayHave(bytes: Uint8Array, start: number, end: number): boolean {
    const { high, low } = this.#hash.begin().bytes(bytes, start, end).finish();
    return this.#ids.get(high, low) >= 0;
  }

  /** What a CANCEL takes back: the one with its key that is not a CANCEL (RFC 3261 §9.2). */
  findCancelled(key: string, via: Via): ServerTransaction | undefined {
    let one = this.#first(key);
    while (one !== undefined && !(one.key === key && one.method !== 'CANCEL' && isSameSender(one.place, via)))
      one = one.next;
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
    const { high, low } = this.#hash.begin().text(transaction.key).finish();
    let place = this.#ids.get(high, low);
    if (place < 0) {
      place = this.#free.pop() ?? this.#chains.length;
      this.#ids.set(high, low, place);
      this.#chains[place] = undefined;
    }
    transaction.next = this.#chains[place];
    this.#chains[place] = transaction;
    this.#size++;
  }

  remove(transaction: ServerTransaction): void {
    if (transaction.endKey !== '') this.#ends.delete(transaction.endKey);
    const { high, low } = this.#hash.begin().text(transaction.key).finish();
    const place = this.#ids.get(high, low);
    const first = place < 0 ? undefined : this.#chains[place];
    if (first === undefined) return;
    if (first === transaction) {
      this.#chains[place] = first.next;
      this.#size--;
      if (first.next !== undefined) return;
      this.#ids.delete(high, low);
      this.#free.push(place);
      return;
    }
    let before = first;
    while (before.next !== undefined && before.next !== transaction) before = before.next;
    if (before.next !== transaction) return;
    before.next = transaction.next;
    this.#size--;
  }

  *[Symbol.iterator](): Generator<ServerTransaction> {
    for (const first of this.#chains) {
      for (let one = first; one !== undefined; one = one.next) yield one;
    }
  }

  #first(key: string): ServerTransaction | undefined {
    const { high, low } = this.#hash.begin().text(key).finish();
    const place = this.#ids.get(high, low);
    return place < 0 ? undefined : this.#chains[place];
  }
}

/** Joined, since a template would keep its parts, and so the text of the message, for as long as the transaction lasts. */
function endKeyOf(message: SipMessage): string {
  return [message.callId(), message.cseq().number, message.method, message.from().tag ?? ''].join(' ');
}

function isSameSender(a: AnswerPlace, b: AnswerPlace): boolean {
  return a.port === b.port && a.host.toLowerCase() === b.host.toLowerCase();
}
