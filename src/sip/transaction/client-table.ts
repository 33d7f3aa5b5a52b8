import type { BranchParts } from './branch.ts';
import { ClientTransaction, type ClientEnvironment } from './client-transaction.ts';

/** Generations begin anywhere and wrap here, so that branches stay short. */
const MAX_GENERATION = 36 ** 5;

/** Client transactions by number: a response finds its own by the branch that we made, without a map. */
export class ClientTable {
  readonly #slots: ClientTransaction[] = [];
  readonly #free: ClientTransaction[] = [];
  readonly #maxTransactions: number;
  readonly #environment: ClientEnvironment;
  /** Where generations of new slots begin: a restarted server does not take answers to the one before for its own. */
  readonly #firstGeneration: number;

  constructor(maxTransactions: number, firstGeneration: number, environment: ClientEnvironment) {
    this.#maxTransactions = maxTransactions;
    this.#firstGeneration = firstGeneration % MAX_GENERATION;
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
    const transaction = new ClientTransaction(this.#slots.length, this.#firstGeneration, this.#environment);
    this.#slots.push(transaction);
    return transaction;
  }

  release(transaction: ClientTransaction): void {
    transaction.generation = (transaction.generation + 1) % MAX_GENERATION;
    this.#free.push(transaction);
  }

  /** The transaction that a response of this method belongs to. */
  find(parts: BranchParts, method: string): ClientTransaction | undefined {
    const found = this.#slots[parts.slot];
    if (found === undefined || found.generation !== parts.generation || found.state === 'Terminated') return undefined;
    if (found.method === method) return found;
    // RFC 3261 §17.1.3: the CANCEL for an INVITE has its branch.
    const { cancellation } = found;
    return method === 'CANCEL' && cancellation?.branch === found.branch ? cancellation : undefined;
  }

  *[Symbol.iterator](): Generator<ClientTransaction> {
    for (const one of this.#slots) if (one.state !== 'Terminated') yield one;
  }
}
