import type { SipMessage } from '../message/sip-message.ts';

/** How one branch ended. */
export interface FinalAnswer {
  readonly status: number;
  /** undefined: nobody said so; it is our own conclusion (no answer in time, nobody reached). */
  readonly message: SipMessage | undefined;
  /** All servers that stand for the target are there, and none can prove who it is. */
  readonly isUncertain?: boolean;
  /** Nobody was asked: this server has no port left for the media. */
  readonly isFull?: boolean;
}

/**
 * RFC 3261 §16.7 item 6: those that tell the caller what to change come before other 4xx, those that tell nothing last; of them
 * also what went in a circle, or too far (440, 482, 483), while somebody was reached.
 */
const rankIn4xx: Readonly<Record<number, number>> = {
  ...{ 401: 0, 407: 0, 415: 1, 420: 1, 484: 1 },
  ...{ 440: 3, 482: 3, 483: 3, 487: 3, 408: 4, 430: 5 },
};
const ORDINARY_RANK = 2;

/** RFC 3261 §16.7 item 6: what the caller is told when all branches have ended and none with 2xx. */
export function bestAnswer(answers: readonly FinalAnswer[]): FinalAnswer | undefined {
  let best: FinalAnswer | undefined;
  for (const answer of answers) if (best === undefined || rankOf(answer) < rankOf(best)) best = answer;
  return best;
}

function rankOf({ status }: FinalAnswer): number {
  if (status >= 600) return 0;
  const statusClass = Math.floor(status / 100) * 10;
  return statusClass === 40 ? statusClass + (rankIn4xx[status] ?? ORDINARY_RANK) : statusClass;
}
