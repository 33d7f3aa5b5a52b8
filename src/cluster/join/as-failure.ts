import { ClusterFailure } from './cluster-failure.ts';
import { Refusal } from './refusal.ts';

/** A refusal of this very server's own desk, as its administrator sees it. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  const { code, step, message } = error.answer;
  return new ClusterFailure(code, step, message, { cause: error });
}
