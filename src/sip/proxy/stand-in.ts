import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { FinalAnswer } from './best-response.ts';

/** Answers a request in the stead of those whom it could not be brought to. */
export interface StandIn {
  /** So long is waited for an answer of each place that it is sent to. */
  readonly patienceMs: number;
  /** Nobody was reached: true = `transaction` is answered otherwise, now or later. */
  takesOver(transaction: ServerTransaction): boolean;
  /** A 2xx has come after that. */
  wasReachedLate(): void;
}

const unreached: ReadonlySet<number> = new Set([408, 430, 480, 503]);

/** Nobody was there, as far as one knows; a 404 of our own: no server stands for the contact. */
export function isUnreached({ status, message }: FinalAnswer): boolean {
  return unreached.has(status) || (status === 404 && message === undefined);
}
