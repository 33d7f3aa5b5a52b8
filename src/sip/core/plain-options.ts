import { isText } from '../message/byte-ranges.ts';
import { fieldLine } from '../message/field-text.ts';
import { PlainAnswer, viaOf, type PlainAnswers } from '../registrar/plain-answer.ts';
import { plainOptions, PlainRequest } from '../registrar/plain-request.ts';
import { ShortMac } from '../transaction/short-mac.ts';
import type { Hop } from '../transport/hop.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import { abilities } from './links/answer-own.ts';
import type { LocalUsers } from './local-users.ts';

export interface PlainOptionsParts {
  readonly users: Pick<LocalUsers, 'isLocal'>;
  readonly transport: Pick<TransportLayer, 'isOwnAddress'>;
  /** Absent, or undefined: it takes calls. */
  readonly notReady?: (() => string | undefined) | undefined;
  /** For the tags of answers: 8 bytes or more. */
  readonly key: Uint8Array;
}

/** What host and port are is looked up again after this. */
const rememberedMs = 1_000;

/**
 * Plain OPTIONS for the server itself, by which it is asked whether it lives, from their bytes to the bytes of the answer: as
 * `answerOptions` does it. All else it leaves as it is to the long way.
 */
export class PlainOptions {
  readonly #parts: PlainOptionsParts;
  readonly #request = new PlainRequest();
  readonly #answer = new PlainAnswer();
  readonly #tags: ShortMac;
  readonly #lines: string;
  #host = '';
  #port = 0;
  #isOurs = false;
  #lookedUpMs = Number.NEGATIVE_INFINITY;

  constructor(parts: PlainOptionsParts) {
    this.#parts = parts;
    this.#tags = new ShortMac(parts.key);
    this.#lines = abilities.headers.map(([field, value]) => fieldLine(field, value)).join('');
  }

  /** A datagram. False: nothing that is answered here. */
  read(bytes: Buffer, hop: Hop): boolean {
    const request = this.#request;
    if (!request.read(bytes, plainOptions) || request.hasCredentials || !this.#isForUs(request, hop)) return false;
    return this.#parts.notReady?.() === undefined;
  }

  /** Answers what was read. */
  answer(hop: Hop, answers: PlainAnswers): void {
    const request = this.#request;
    const { bytes, callIdStart, callIdEnd, via } = request;
    const tag = this.#tags
      .begin()
      .bytes(bytes, callIdStart, callIdEnd)
      .bytes(bytes, via.branchStart, via.branchEnd)
      .finish();
    const answer = this.#answer;
    answer.begin(request, hop, '200 OK', tag);
    answer.out.text(this.#lines);
    answers.answered('OPTIONS', 200);
    answers.respond(answer.finish(), hop, viaOf(request.via));
  }

  #isForUs({ bytes, hostStart, hostEnd, port }: PlainRequest, { receivedMs }: Hop): boolean {
    const isKnown = port === this.#port && isText(bytes, hostStart, hostEnd, this.#host);
    if (isKnown && receivedMs - this.#lookedUpMs < rememberedMs) return this.#isOurs;
    const { users, transport } = this.#parts;
    const host = bytes.toString('latin1', hostStart, hostEnd);
    this.#host = host;
    this.#port = port;
    this.#lookedUpMs = receivedMs;
    this.#isOurs = users.isLocal(host) || transport.isOwnAddress(host, port === 0 ? undefined : port);
    return this.#isOurs;
  }
}
