import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';

/** Who works on a message: this server, or another member of the farm that it must be relayed to. */
export type Owner = 'here' | { readonly member: string };

/** Asked for every message, before a transaction is made or looked for. Synchronous, since it is on the way of each. */
export interface OwnerLookup {
  owner(message: SipMessage, hop: Hop): Owner;
  /** Hands the message over to that member, with what it needs to answer by our sockets. */
  relay(message: SipMessage, hop: Hop, member: string): void;
}

/** A server that is alone: everything is done here. */
export const ownerOfAll: OwnerLookup = {
  owner: () => 'here',
  relay: () => undefined,
};
