import type { BranchId } from './branch.ts';
import { ClientTransaction, type ClientEnvironment } from './client-transaction.ts';
import { IdTable } from './id-table.ts';

/** Client transactions by the identifier in their branch. Those that ended are used again. */
export class ClientTable {
  readonly #slots: ClientTransaction[] = [];
  readonly #free: ClientTransaction[] = [];
  readonly #ids = new IdTable();
  readonly #maxTransactions: number;
  readonly #environment: ClientEnvironment;

  constructor(maxTransactions: number, environment: ClientEnvironment) {
    this.#maxTransactions = maxTransactions;
    this.#environment = environment;
  }

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** undefined: full. */
  take(): ClientTransaction | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slots.length >= this.#maxTransactions) return undefined;
    const transaction = new ClientTransaction(this.#slots.length, this.#environment);
    this.#slots.push(transaction);
    return transaction;
  }

  has(high: number, low: number): boolean {
    return this.#ids.get(high, low) >= 0;
  }

  /** From now on it is found by that. One for a CANCEL is found by its INVITE. */
  enter(transaction: ClientTransaction, high: number, low: number): void {
    transaction.high = high;
    transaction.low = low;
    transaction.isEntered = true;
    this.#ids.set(high, low, transaction.slot);
  }

  release(transaction: ClientTransaction): void {
    transaction.uses++;
    if (transaction.isEntered) this.#ids.delete(transaction.high, transaction.low);
    transaction.isEntered = false;
    this.#free.push(transaction);
  }

  /** The transaction that a response of this method belongs to. */
  find({ high, low }: BranchId, method: string): ClientTransaction | undefined {
    const slot = this.#ids.get(high, low);
    const found = slot < 0 ? undefined : this.#slots[slot];
    if (found === undefined || found.state === 'Terminated') return undefined;
    if (found.method === method) return found;
    // RFC 3261 §17.1.3: the CANCEL for an INVITE has its branch.
    const { cancellation } = found;
    return method === 'CANCEL' && cancellation?.branch === found.branch ? cancellation : undefined;
  }

  *[Symbol.iterator](): Generator<ClientTransaction> {
    for (const one of this.#slots) if (one.state !== 'Terminated') yield one;
  }
}
