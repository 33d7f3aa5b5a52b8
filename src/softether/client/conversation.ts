import { decodeHello, type Hello } from '../codec/hello.ts';
import { defaultHttpLimits } from '../codec/http-limits.ts';
import { decodePackBody, encodePackRequest } from '../codec/http-pack.ts';
import { HttpReader } from '../codec/http-reader.ts';
import type { Pack } from '../codec/pack.ts';
import type { PackLimits } from '../codec/pack-limits.ts';
import { encodeSignature } from '../codec/signature.ts';

/** A Welcome has some 60 elements, and the hub's message, which may be 20,000 characters long. */
const answerLimits: PackLimits = { maxBytes: 131_072, maxElements: 512, maxValues: 4096, maxValueBytes: 131_072 };

/** What to do next. After anything but `send` the conversation is over. */
export type ConversationStep =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** The server refused in its Hello. */
  | { readonly kind: 'refused'; readonly code: number }
  /** Its Hello was all that was wanted. */
  | { readonly kind: 'greeted'; readonly hello: Hello }
  /** `unread`: what came behind the answer, the first bytes of the data stream. */
  | { readonly kind: 'answered'; readonly hello: Hello; readonly answer: Pack; readonly unread: Buffer };

/**
 * The HTTP part of a connection from the client's side (SoftEther protocol §2.2): signature, Hello, one PACK, its answer.
 * `ask` makes the PACK, which rests on the random of the Hello; without it the Hello is the end.
 */
export class Conversation {
  readonly #host: string;
  readonly #ask: ((hello: Hello) => Pack) | undefined;
  readonly #reader = new HttpReader(defaultHttpLimits);
  #hello: Hello | undefined;

  /** `host`: for the Host lines. */
  constructor(host: string, ask?: (hello: Hello) => Pack) {
    this.#host = host;
    this.#ask = ask;
  }

  /** The first bytes to send. */
  begin(): Buffer {
    return encodeSignature(this.#host);
  }

  /** Undefined: more bytes are needed. @throws DecodeError on bytes that no SoftEther server sends. */
  receive(chunk: Buffer): ConversationStep | undefined {
    this.#reader.push(chunk);
    const message = this.#reader.take(answerLimits.maxBytes);
    if (message === undefined) return undefined;
    const pack = decodePackBody(message, answerLimits);
    const hello = this.#hello;
    if (hello === undefined) return this.#greet(pack);
    return { kind: 'answered', hello, answer: pack, unread: this.#reader.unread() };
  }

  #greet(pack: Pack): ConversationStep {
    const answer = decodeHello(pack);
    if (answer.kind === 'error') return { kind: 'refused', code: answer.code };
    const { hello } = answer;
    if (this.#ask === undefined) return { kind: 'greeted', hello };
    this.#hello = hello;
    return { kind: 'send', bytes: encodePackRequest(this.#ask(hello), this.#host) };
  }
}
