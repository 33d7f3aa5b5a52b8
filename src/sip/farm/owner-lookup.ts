import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';

/** What the farm asks the transactions of this member. */
export interface KnownWork {
  /** A transaction here is what the message belongs to. */
  knows(message: SipMessage): boolean;
}

/**
 * Whose work a message is: asked for every message, before a transaction is made or looked for. Synchronous, since it is on
 * the way of each. A server that is alone has none.
 */
export interface OwnerLookup {
  /** Once, before anything else. */
  connect(work: KnownWork): void;
  /** True: it is worked on here. False: it was sent to another member, with what that one needs to answer; or nobody waits for it any more. */
  takes(message: SipMessage, hop: Hop): boolean;
  /** The token of the member that bindings call so. undefined: it is not known, and what it held is gone. */
  tokenOf(memberName: string): string | undefined;
}
