import type { Account } from '../accounts/account.ts';
import type { NameAddr } from '../message/name-addr.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { Via } from '../message/via.ts';
import type { BranchCodec, BranchSeed } from '../transaction/branch.ts';
import { receivedVia } from '../transaction/received-via.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import { contactOf, isReachedByFlow } from './nat.ts';
import type { StandIn } from './stand-in.ts';

/** A new request on its way through the links of the core, and what they have found out about it. */
export class Incoming {
  readonly message: SipMessage;
  readonly hop: Hop;
  readonly via: Via;
  readonly method: string;
  /** It has a To tag: it belongs to a dialog, or says so. */
  readonly isInDialog: boolean;
  /** Made when the request is worth one. */
  transaction: ServerTransaction | undefined = undefined;
  /** The Request-URI that the way is decided by; not always the one that was received (RFC 3261 §16.4). */
  requestUri: SipUri | undefined;
  /** The text of `requestUri` where it is not the one received. */
  rewrittenUri: string | undefined = undefined;
  /** Route elements on top that name this server: not forwarded. */
  ownRoutes = 0;
  /** The last Route element was a strict router's way to carry the Request-URI: not forwarded. */
  isLastRouteUsed = false;
  /** The first Route element of others; the request goes there. */
  nextRoute: NameAddr | undefined = undefined;
  /** A Route of ours with a token made for this call was on top: the dialog was set up through us. */
  isOurDialog = false;
  /** A Path of ours was on top: a registrar elsewhere sends it to a telephone that has registered through us. */
  isOurPath = false;
  /** The hosts that the token of the dialog was written for; see `FlowTokens.leadsTo`. */
  dialogHosts = '';
  /** Where that token says that the request must leave (RFC 5626 §5.3). */
  flow: Target | undefined = undefined;
  /** Of a trusted network: not asked who it is. */
  isTrusted = false;
  /** Who sends it, proven by its credentials. */
  account: Account | undefined = undefined;
  /** Who answers when nobody is reached; undefined: the proxy. */
  standIn: StandIn | undefined = undefined;
  /** A CANCEL, and nothing that it could take back is known here. */
  isStrayCancel = false;
  /** See `loopHash`. */
  loopHash = 0;
  #seed: BranchSeed | undefined = undefined;
  #receivedVia: string | undefined | null = null;
  #isSenderReachedByFlow: boolean | undefined = undefined;
  #contact: SipUri | undefined | null = null;

  constructor(message: SipMessage, hop: Hop, via: Via) {
    this.message = message;
    this.hop = hop;
    this.via = via;
    this.method = message.method;
    this.requestUri = message.requestUri();
    this.isInDialog = message.to().tag !== undefined;
  }

  /** What the branches of its copies are made of; not before `loopHash` is known. */
  seed(branches: BranchCodec): BranchSeed {
    this.#seed ??= branches.seedOf(this.message, this.via, this.loopHash);
    return this.#seed;
  }

  /** See `isReachedByFlow`. */
  get isSenderReachedByFlow(): boolean {
    this.#isSenderReachedByFlow ??= isReachedByFlow(this.message, this.hop, this.via);
    return this.#isSenderReachedByFlow;
  }

  /** Of its first Contact. */
  get contact(): SipUri | undefined {
    if (this.#contact === null) this.#contact = contactOf(this.message);
    return this.#contact;
  }

  /** What the top Via must read when it is forwarded; undefined: as it is. */
  get receivedVia(): string | undefined {
    if (this.#receivedVia === null) this.#receivedVia = receivedVia(this.via, this.hop);
    return this.#receivedVia;
  }
}
