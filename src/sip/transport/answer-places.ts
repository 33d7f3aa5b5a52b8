import { ownText } from '../message/characters.ts';
import type { AnswerPlace } from './transport-layer.ts';

const SLOTS = 1024;

/** One sender writes the same place into all its requests: those of one slot are kept once, whoever waits with them. */
export class AnswerPlaces {
  readonly #slots = new Array<AnswerPlace | undefined>(SLOTS).fill(undefined);

  /** The same place, without the rest of the Via and without the text that it is part of. */
  of({ host, port, rport, maddr }: AnswerPlace): AnswerPlace {
    const { length } = host;
    const last = host.charCodeAt(length - 1) ^ (host.charCodeAt(length - 2) << 3);
    const slot = (last ^ Math.imul(port ?? 0, 31) ^ length) & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known?.host === host && known.port === port && known.rport === rport && known.maddr === maddr) return known;
    const place = { host: ownText(host), port, rport, maddr: maddr === undefined ? undefined : ownText(maddr) };
    this.#slots[slot] = place;
    return place;
  }
}
