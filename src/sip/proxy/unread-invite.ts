import { decodeMessage } from '../message/decode.ts';
import { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';
import { Incoming } from './incoming.ts';

/** An INVITE that was forwarded from its bytes, for those who need the message after all: for most calls nobody does. */
export class UnreadInvite {
  readonly #bytes: Buffer;
  readonly #hop: Hop;
  readonly #isTrusted: boolean;
  readonly #loopHash: number;

  constructor(bytes: Buffer, hop: Hop, isTrusted: boolean, loopHash: number) {
    this.#bytes = bytes;
    this.#hop = hop;
    this.#isTrusted = isTrusted;
    this.#loopHash = loopHash;
  }

  get method(): string {
    return 'INVITE';
  }

  /** As the links of the core have left it; they had nothing else to say of it. */
  read(): Incoming | undefined {
    const message = decodeMessage(this.#bytes);
    const via = message instanceof SipMessage ? message.topVia() : undefined;
    if (!(message instanceof SipMessage) || via === undefined) return undefined;
    const incoming = new Incoming(message, this.#hop, via);
    incoming.isTrusted = this.#isTrusted;
    incoming.loopHash = this.#loopHash;
    return incoming;
  }
}
