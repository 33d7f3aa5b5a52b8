import type { SipUri } from '../message/sip-uri.ts';
import type { Target } from './target.ts';
import type { TransportName } from './transport-name.ts';

/** What `ServerLocator` gives while no name server says whether there is a place. */
export const notKnownNow: readonly Target[] = Object.freeze([]);

/** RFC 3263: where the server of a SIP URI is. */
export interface ServerLocator {
  /**
   * Places to try, best first; empty = there is none, or `notKnownNow`. Kept for as long as the name
   * server says. `hint`: the transport to use when neither the URI nor DNS says one.
   */
  locate(uri: SipUri, hint?: TransportName, signal?: AbortSignal): Promise<readonly Target[]>;
  /** The same without asking anybody: an address, or a name that was asked for not long ago. undefined = `locate` must be asked. */
  locateNow(uri: SipUri, hint?: TransportName): readonly Target[] | undefined;
  /** A target that did not answer is tried after all others for a while (RFC 3263 §4.3). */
  failed(target: Target): void;
}
