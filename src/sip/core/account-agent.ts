import type { Account } from '../accounts/account.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { CallBegin } from '../proxy/call-begin.ts';
import type { CallObserver } from '../proxy/call-observer.ts';
import type { EndedCall } from '../proxy/ended-call.ts';
import type { StandIn } from '../proxy/stand-in.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { Hop } from '../transport/hop.ts';
import type { ServerLocator } from '../transport/server-locator.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';

/** A request for an account of this server. */
export interface AgentRequest {
  readonly message: SipMessage;
  readonly hop: Hop;
  /** Whom it is for. */
  readonly account: Account;
  /** Who sends it, proven; undefined: somebody of elsewhere, or of a trusted network. */
  readonly sender: Account | undefined;
  readonly isTrusted: boolean;
  /** The account has contacts that the request could be forwarded to. */
  readonly isReachable: boolean;
  /** Of answers: every one but a 100 has a tag in To (RFC 3261 §8.2.6.2). The same one each time. */
  toTag(): string;
  /** The transaction to answer in; undefined: no room, and a 503 has been sent. Only when the agent takes it. */
  accept(): ServerTransaction | undefined;
  /** Names who answers when the request is forwarded and nobody is reached. Only when the agent does not take it. */
  appoint(standIn: StandIn): void;
}

/** What an agent sends requests of its own with. */
export interface AgentConnection {
  readonly layer: Pick<TransactionLayer, 'client'>;
  readonly transport: Pick<TransportLayer, 'viaFor' | 'hasFlow'>;
  readonly locator: Pick<ServerLocator, 'locate' | 'locateNow'>;
  /** In a farm: what a Record-Route says so that requests come to this very member, with its `;`. */
  readonly routeParameter?: string;
}

/** Answers in an account's stead: PUBLISH and SUBSCRIBE for its state, MESSAGE while it is away. */
export interface AccountAgent {
  /** True: it has answered or will. False: the request is forwarded to the account's contacts. */
  take(request: AgentRequest): boolean;
  /** The server is made; called once, before any request. */
  connect?(connection: AgentConnection): void;
  /** An INVITE that makes a dialog is about to be forwarded. */
  callBegins?(call: CallBegin): CallObserver | undefined;
  /** A BYE is forwarded, here or by another member. */
  callEnded?(end: EndedCall): void;
}
