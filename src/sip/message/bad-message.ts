import type { SipMessage } from './sip-message.ts';

/**
 * A message that is not what RFC 3261 says. A request gets `status` where `request` is there to answer (there is a Via to
 * send it to, and From, To, Call-ID and CSeq can be copied); a response, and what is neither, is dropped.
 */
export interface BadMessage {
  readonly kind: 'bad';
  /** 400, 505, 513, …; 0 when nothing may be answered: a response, an ACK, or no SIP at all. */
  readonly status: number;
  /** What is wrong, for the reason phrase and for people. Of our own words and the names of fields, never bytes of the message. */
  readonly reason: string;
  /** The byte where it was found. */
  readonly offset: number;
  /** The request as far as it can be answered. */
  readonly request?: SipMessage;
}
