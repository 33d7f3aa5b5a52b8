import type { SipMessage } from '../message/sip-message.ts';

/** A call that one of its ends has ended, as its BYE names it. */
export interface EndedCall {
  readonly callId: string;
  /** Of who sent the BYE. */
  readonly fromTag: string;
  readonly toTag: string;
}

export const endedBy = (bye: SipMessage): EndedCall => ({
  callId: bye.callId(),
  fromTag: bye.from().tag ?? '',
  toTag: bye.to().tag ?? '',
});
