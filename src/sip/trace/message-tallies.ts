import { knownMethods } from '../message/methods.ts';

/** How many requests of a method were answered with which code, by this server or through it. */
export interface MessageTally {
  readonly method: string;
  readonly status: number;
  readonly count: number;
}

const OTHER = 'other';
const STATUS_COUNT = 700;

/** Final answers by method and code: arrays, since every request is counted. Unknown methods are counted as one. */
export class MessageTallies {
  readonly #byMethod = new Map<string, Uint32Array>(
    [...knownMethods, OTHER].map((method) => [method, new Uint32Array(STATUS_COUNT)]),
  );

  count(method: string, status: number): void {
    const counts = this.#byMethod.get(method) ?? this.#byMethod.get(OTHER)!;
    if (status < STATUS_COUNT) counts[status]!++;
  }

  /** Those above zero. */
  list(): MessageTally[] {
    const tallies: MessageTally[] = [];
    for (const [method, counts] of this.#byMethod) {
      for (const [status, count] of counts.entries()) if (count > 0) tallies.push({ method, status, count });
    }
    return tallies;
  }
}
