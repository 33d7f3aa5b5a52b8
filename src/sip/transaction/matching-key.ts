import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';

/**
 * The key of a request: its branch, if that is one of RFC 3261; else what RFC 3261 §17.2.3 lists for RFC 2543, except
 * the To tag, which INVITE and ACK do not share. A branch that is nothing but the cookie (RFC 4475 §3.2.1) tells nothing.
 */
export function keyOf(message: SipMessage, via: Via): string {
  const { branch } = via;
  if (branch !== undefined && via.hasUniqueBranch) return branch;
  const { number } = message.cseq();
  const fromTag = message.from().tag ?? '';
  return `2543 ${message.callId()} ${number} ${fromTag} ${message.requestUriText()} ${branch ?? ''}`;
}
