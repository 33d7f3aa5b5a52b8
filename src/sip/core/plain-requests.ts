import type { PlainAnswers } from '../registrar/plain-answer.ts';
import type { PlainRegistrar } from '../registrar/plain-registrar.ts';
import type { Hop } from '../transport/hop.ts';
import type { PlainOptions } from './plain-options.ts';

/** What a farm says to it. */
export interface PlainPlacing {
  /**
   * Whose work is a request that is plain, and for this server or one that is the same to the world. `aor`: it is for the member that
   * changes the bindings of this account. Absent: any may do it. undefined: not known here; nothing has been done.
   */
  placeOfPlain(bytes: Buffer, hop: Hop, aor?: string): 'here' | 'elsewhere' | undefined;
  /** What was said to be done here is done. */
  countPlain(hop: Hop): void;
}

export interface PlainRequestsParts {
  readonly options: PlainOptions;
  /** Absent: REGISTER requests go the way of the others. */
  readonly registrar?: Pick<PlainRegistrar, 'read' | 'answer' | 'isFirst' | 'aor'> | undefined;
  readonly answers: PlainAnswers;
  /** Absent: the server is alone. */
  readonly farm?: PlainPlacing | undefined;
  /** It was sent to another member. */
  readonly relayed: () => void;
}

const R = 0x52;
const O = 0x4f;

/** Requests to the server itself, REGISTER and OPTIONS, from their bytes to those of the answer; as far as they are plain. */
export class PlainRequests {
  readonly #parts: PlainRequestsParts;

  constructor(parts: PlainRequestsParts) {
    this.#parts = parts;
  }

  /** A datagram. True: it is dealt with. False: nothing has been done with it. */
  take(bytes: Buffer, hop: Hop): boolean {
    if (bytes[0] === R) return this.#register(bytes, hop);
    return bytes[0] === O && this.#options(bytes, hop);
  }

  #options(bytes: Buffer, hop: Hop): boolean {
    const { options, answers, farm } = this.#parts;
    if (!options.read(bytes, hop) || (farm !== undefined && farm.placeOfPlain(bytes, hop) !== 'here')) return false;
    options.answer(hop, answers);
    farm?.countPlain(hop);
    return true;
  }

  #register(bytes: Buffer, hop: Hop): boolean {
    const { registrar, answers, farm, relayed } = this.#parts;
    if (registrar?.read(bytes) !== true) return false;
    if (farm === undefined) return registrar.answer(hop, answers);
    const aor = registrar.isFirst ? undefined : registrar.aor;
    if (!registrar.isFirst && aor === undefined) return false;
    const place = farm.placeOfPlain(bytes, hop, aor);
    if (place === 'elsewhere') relayed();
    if (place !== 'here') return place === 'elsewhere';
    if (!registrar.answer(hop, answers)) return false;
    farm.countPlain(hop);
    return true;
  }
}
