import type { PlainPlacing } from '../core/plain-requests.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { PlainCallPlacing } from '../proxy/plain-calls.ts';
import type { PlainPlaces } from '../proxy/plain-dialogs.ts';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { BranchId } from '../transaction/branch.ts';
import type { Hop } from '../transport/hop.ts';

/** What the farm asks the transactions of this member. */
export interface KnownWork {
  /** A transaction here is what the message belongs to. */
  knows(message: SipMessage): boolean;
  /** The same of a response, by the branch of our Via in it. */
  knowsBranch(branch: BranchId): boolean;
  /** A call that was set up by this member has ended: another one has passed its BYE on. */
  callEnded(end: EndedCall): void;
  /** A final response to a request of that method, which had no transaction, has been passed on. */
  answeredElsewhere(method: string, status: number): void;
}

/**
 * `here`: this member works on it. `anywhere`: so does any other one that gets it, without the memory of a transaction, and
 * passes it on. `elsewhere`: it was sent to another member, with what that one needs to answer. `nowhere`: nobody waits for it any
 * more.
 */
export type WorkPlace = 'here' | 'anywhere' | 'elsewhere' | 'nowhere';

/**
 * Whose work a message is: asked for every message, before a transaction is made or looked for. Synchronous, since it is on
 * the way of each. A server that is alone has none.
 */
export interface OwnerLookup extends PlainPlaces, PlainCallPlacing, PlainPlacing {
  /** Once, before anything else. */
  connect(work: KnownWork): void;
  placeOf(message: SipMessage, hop: Hop): WorkPlace;
  /** The token of the member that bindings call so. undefined: it is not known, and what it held is gone. */
  tokenOf(memberName: string): string | undefined;
}
