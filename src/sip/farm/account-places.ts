import type { SipMessage } from '../message/sip-message.ts';

/** Whose work it is what concerns accounts rather than calls. */
export interface AccountPlaces {
  /**
   * `anybody`: who gets it answers from what all members know. Else the name of the member that answers, without asking another
   * one; undefined: it is like any request.
   */
  placeOf(request: SipMessage): string | undefined;
  /** The name of the member that changes the bindings of an account; undefined: nobody does at the moment. */
  ownerOf(aor: string): string | undefined;
}
