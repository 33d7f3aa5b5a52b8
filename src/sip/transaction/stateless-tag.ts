import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import type { ShortMac } from './short-mac.ts';

/** What such a tag begins with. */
export const STATELESS_TAG_BEGIN = 'hf-';

/**
 * RFC 3261 §8.2.7: the To tag of an answer without a transaction is made of the request, so that the request repeated gets
 * the same one, and the ACK that such an answer to an INVITE brings (same branch, §17.1.1.3) is known by it and goes nowhere.
 */
export class StatelessTag {
  readonly #mac: ShortMac;

  constructor(mac: ShortMac) {
    this.#mac = mac;
  }

  of(request: SipMessage, via: Via): string {
    const mac = this.#mac
      .begin()
      .text('to-tag')
      .text(request.callId())
      .text(via.branch ?? '');
    return STATELESS_TAG_BEGIN + mac.finishHex();
  }

  /** The message has a To tag that `of` made for its branch. */
  isIn(message: SipMessage): boolean {
    const { tag } = message.to();
    const via = message.topVia();
    return tag?.startsWith(STATELESS_TAG_BEGIN) === true && via !== undefined && tag === this.of(message, via);
  }
}
