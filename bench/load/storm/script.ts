import { createHash } from 'node:crypto';
import { Pack, errorText, securePassword, userPasswordHash } from '#softether';
import { loginRequest, type ClientAccount, type ClientIdentity } from '../../../src/softether/client/account.ts';
import { encodePackRequest } from '../../../src/softether/codec/http-pack.ts';
import { encodeLogin } from '../../../src/softether/codec/login.ts';
import { decodeLoginAnswer } from '../../../src/softether/codec/login-answer.ts';
import type { LoginProof } from '../../../src/softether/codec/login-proof.ts';
import { preAuthPackLimits } from '../../../src/softether/codec/pack-limits.ts';
import { encodeSignature } from '../../../src/softether/codec/signature.ts';

/** What an answer to a log-in says. */
export type Answer =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'redirect'; readonly address: string; readonly ports: readonly number[]; readonly ticket: Buffer }
  | { readonly kind: 'error'; readonly why: string };

const PROOF_BYTES = 20;
/** `… random][u32 type 1 = data][u32 1 value][u32 20 bytes]`, as every server's Hello has it. */
const RANDOM_ELEMENT = Buffer.from('72616e646f6d000000010000000100000014', 'hex');
const WELCOME_ELEMENT = Buffer.from('session_name');
const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** A Welcome has some 60 elements, and a certificate may be in a Redirect. */
const answerLimits = { ...preAuthPackLimits, maxBytes: 131_072, maxValueBytes: 131_072 };

/**
 * The bytes of a log-in, made once: what differs from one log-in to the next is the proof. What comes is looked at no
 * further than needed.
 */
export class Script {
  readonly signature: Buffer;
  readonly #passwordHash: Buffer;
  readonly #withPassword: Template;
  readonly #withTicket: Template;

  /** `host`: for the Host lines. `password`: not empty. */
  constructor(host: string, account: ClientAccount, password: string, identity: ClientIdentity) {
    this.signature = encodeSignature(host);
    this.#passwordHash = userPasswordHash(password, account.userName);
    const template = (proofOf: (bytes: Buffer) => LoginProof): Template =>
      new Template((bytes) => {
        const hello = { product: '', version: 0, build: 0, random: bytes };
        return encodePackRequest(encodeLogin(loginRequest(account, identity, hello, proofOf(bytes))), host);
      });
    this.#withPassword = template((secure) => ({ kind: 'password', secure }));
    this.#withTicket = template((ticket) => ({ kind: 'ticket', ticket }));
  }

  /** The log-in that answers a Hello; undefined where that is none. */
  login(hello: Buffer, ticket: Buffer | undefined): Buffer | undefined {
    if (ticket !== undefined) return this.#withTicket.filledWith(ticket);
    const at = hello.indexOf(RANDOM_ELEMENT);
    if (at === -1) return undefined;
    const from = at + RANDOM_ELEMENT.length;
    return this.#withPassword.filledWith(securePassword(this.#passwordHash, hello.subarray(from, from + PROOF_BYTES)));
  }
}

/** A message with a gap of 20 bytes. */
class Template {
  readonly #bytes: Buffer;
  readonly #gap: number;

  constructor(make: (bytes: Buffer) => Buffer) {
    const mark = createHash('sha1').update('the gap').digest();
    this.#bytes = make(mark);
    this.#gap = this.#bytes.indexOf(mark);
  }

  /** The same buffer each time. */
  filledWith(proof: Buffer): Buffer {
    proof.copy(this.#bytes, this.#gap);
    return this.#bytes;
  }
}

/** The body of the one HTTP message that has come; undefined: it is not whole. What is behind it nobody needs. */
export function bodyOf(bytes: Buffer): Buffer | undefined {
  const endOfHead = bytes.indexOf(END_OF_HEAD);
  if (endOfHead === -1) return undefined;
  const length = /content-length: *(\d+)/i.exec(bytes.toString('latin1', 0, endOfHead))?.[1];
  const from = endOfHead + END_OF_HEAD.length;
  const to = from + Number(length ?? 0);
  return to > bytes.length ? undefined : bytes.subarray(from, to);
}

export function answerOf(body: Buffer): Answer {
  if (body.includes(WELCOME_ELEMENT)) return { kind: 'welcome' };
  const answer = decodeLoginAnswer(Pack.decode(body, answerLimits));
  if (answer.kind === 'redirect') return { kind: 'redirect', ...answer.redirect };
  return { kind: 'error', why: answer.kind === 'error' ? errorText(answer.code) : 'a Welcome without a session' };
}
