import type { Bus } from '#cluster';
import type { Clock } from '#io';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { FarmMember } from './farm-membership.ts';
import { memberIdOf } from './member-id-of.ts';
import { busService } from './relay-link.ts';

/** Records and media of calls that are over can wait so long; what ends meanwhile is told with them. */
const GATHER_MS = 250;
/** Told in one message; with more they are told at once. */
const MOST = 500;
/** Call-ID and two tags. */
const TEXTS = 3;

export interface CallEndsParts {
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'send'>;
  readonly ended: (end: EndedCall) => void;
}

/**
 * Tells members that calls which they have set up are over, when another one has passed the BYE on: they keep the call's record
 * and its media. Over the bus: nobody would tell them again.
 */
export class CallEnds {
  readonly #parts: CallEndsParts;
  readonly #waiting = new Map<string, string[]>();
  #isStopped = false;

  constructor(parts: CallEndsParts) {
    this.#parts = parts;
  }

  tell({ name }: FarmMember, { callId, fromTag, toTag }: EndedCall): void {
    const { clock } = this.#parts;
    let texts = this.#waiting.get(name);
    if (texts === undefined) {
      if (this.#waiting.size === 0) clock.after(GATHER_MS, () => this.#send());
      this.#waiting.set(name, (texts = []));
    }
    texts.push(callId, fromTag, toTag);
    if (texts.length >= MOST * TEXTS) {
      this.#parts.bus.send(memberIdOf(name), busService, texts.splice(0));
    }
  }

  /** What waits is told first. */
  stop(): void {
    this.#send();
    this.#isStopped = true;
  }

  #send(): void {
    if (this.#isStopped) return;
    for (const [name, texts] of this.#waiting) {
      if (texts.length > 0) this.#parts.bus.send(memberIdOf(name), busService, texts);
    }
    this.#waiting.clear();
  }

  /** What another member has told over the bus. */
  told(body: unknown): void {
    if (!Array.isArray(body) || body.length > MOST * TEXTS || this.#isStopped) return;
    for (let at = 0; at + TEXTS <= body.length; at += TEXTS) {
      const [callId, fromTag, toTag] = body.slice(at, at + TEXTS) as unknown[];
      if (typeof callId !== 'string' || typeof fromTag !== 'string' || typeof toTag !== 'string') return;
      this.#parts.ended({ callId, fromTag, toTag });
    }
  }
}
