import type { CallFrame, Outcome } from './codec/frame.ts';
import type { BusLimits } from './limits.ts';

/** A call that runs, or its outcome until the caller has confirmed it. */
interface Held {
  outcome: Outcome | undefined;
}

/** undefined = do nothing. */
export type Verdict =
  { readonly kind: 'run' } | { readonly kind: 'answer'; readonly outcome: Outcome } | { readonly kind: 'wait' };

const wait: Verdict = { kind: 'wait' };
const run: Verdict = { kind: 'run' };

/**
 * Calls of one boot of another member: which have come, so that each runs at most once, however often it is sent. A caller
 * sends its calls in the order of `seq`, those that wait for an answer again, in that order, when a new link is up: what is
 * not above the highest and not held was answered, and confirmed, or given up.
 */
export class IncomingCalls {
  readonly #limits: BusLimits;
  /** In the order of `seq`. */
  readonly #held = new Map<number, Held>();
  #heldLength = 0;
  #highest = 0;
  #confirmedBelow = 0;

  constructor(limits: BusLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#held.size;
  }

  /** After `run` the caller sees to it that `finish` follows. `isFull`: no room for answers on the link. */
  receive({ seq, service }: CallFrame, isFull: boolean): Verdict {
    const held = this.#held.get(seq);
    if (held?.outcome !== undefined) return { kind: 'answer', outcome: held.outcome };
    if (held !== undefined || seq <= this.#highest) return wait;
    this.#highest = seq;
    const { maxHeldCalls, maxHeldLength } = this.#limits;
    if (isFull || this.#held.size >= maxHeldCalls || this.#heldLength > maxHeldLength) {
      return { kind: 'answer', outcome: { kind: 'overload', seq, text: `${service}: too much waits already` } };
    }
    this.#held.set(seq, { outcome: undefined });
    return run;
  }

  /** False: nobody waits for it any more. */
  finish(outcome: Outcome): boolean {
    const held = this.#held.get(outcome.seq);
    if (held === undefined || outcome.seq < this.#confirmedBelow) {
      this.#held.delete(outcome.seq);
      return false;
    }
    held.outcome = outcome;
    this.#heldLength += lengthOf(outcome);
    return true;
  }

  confirm(lowest: number, above: readonly number[]): void {
    this.#confirmedBelow = Math.max(this.#confirmedBelow, lowest);
    for (const [seq, { outcome }] of this.#held) {
      if (seq >= lowest) break;
      if (outcome !== undefined) this.#forget(seq, outcome);
    }
    for (const seq of above) {
      const outcome = this.#held.get(seq)?.outcome;
      if (outcome !== undefined) this.#forget(seq, outcome);
    }
  }

  #forget(seq: number, outcome: Outcome): void {
    this.#held.delete(seq);
    this.#heldLength -= lengthOf(outcome);
  }
}

const lengthOf = (outcome: Outcome): number => (outcome.kind === 'answer' ? outcome.json.length : outcome.text.length);
