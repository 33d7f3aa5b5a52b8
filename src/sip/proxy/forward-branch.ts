import { IoError } from '#io';
import type { SipMessage } from '../message/sip-message.ts';
import type { BranchCodec, BranchSeed } from '../transaction/branch.ts';
import type { ClientTransaction, ClientUser } from '../transaction/client-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import { notKnownNow, type ServerLocator } from '../transport/server-locator.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { FinalAnswer } from './best-response.ts';
import { forwardedRequest } from './forwarded-request.ts';
import type { Incoming } from './incoming.ts';
import type { CallMedia } from './media.ts';
import type { BranchMedia } from './media-branch.ts';
import { nextHopOf } from './next-hop.ts';
import { pathOf, recordRoutesOf, type RouteRecorder } from './record-route.ts';
import type { ProxySettings } from './settings.ts';
import type { ProxyTarget } from './target-set.ts';

/** What all branches work with. */
export interface BranchServices extends RouteRecorder {
  readonly layer: Pick<TransactionLayer, 'client'>;
  readonly branches: BranchCodec;
  readonly transport: Pick<TransportLayer, 'viaFor'>;
  readonly locator: ServerLocator;
  /** Absent: media are none of this server's business. */
  readonly media?: Pick<CallMedia, 'branch'> | undefined;
  readonly settings: ProxySettings;
  /** How long a cancelled INVITE may take to end: 64 × T1 (RFC 3261 §9.1). */
  readonly cancelMs: number;
}

/** The response context that a branch belongs to. */
export interface BranchOwner {
  /** undefined: the request has been answered, nothing new may be sent. */
  readonly incoming: Incoming | undefined;
  /** A provisional response other than 100, or a 2xx: to be forwarded at once. */
  forward(branch: ForwardBranch, message: SipMessage): void;
  /** It has ended; `answer` is not a 2xx. */
  concluded(branch: ForwardBranch, answer: FinalAnswer): void;
}

/** The copy of an INVITE, as far as it is made before there is a transaction. */
export interface WrittenCopy {
  /** RFC 5393 §5.3.3. */
  readonly maxBreadth: number;
  /** With our Via, which says this behind its sent-by. */
  with(viaParams: string): Buffer;
}

const none: readonly never[] = Object.freeze([]);

/** RFC 3261 §16.6: one copy of a request on its way to one target, over the servers that stand for it (RFC 3263 §4.3). */
export class ForwardBranch implements ClientUser {
  /** It leads to a registered contact. */
  readonly isToBinding: boolean;
  /** undefined: it has answered. */
  #target: ProxyTarget | undefined;
  readonly #owner: BranchOwner;
  readonly #services: BranchServices;
  readonly #maxBreadth: number | undefined;
  #hops: readonly Target[] = none;
  #nextHop = 0;
  #transaction: ClientTransaction | undefined = undefined;
  #isOver = false;
  #isCancelled = false;
  /** No server that was tried has proven who it is. */
  #isUncertain = false;
  #media: BranchMedia | undefined = undefined;

  constructor(target: ProxyTarget, maxBreadth: number | undefined, owner: BranchOwner, services: BranchServices) {
    this.isToBinding = target.isBinding;
    this.#target = target;
    this.#maxBreadth = maxBreadth;
    this.#owner = owner;
    this.#services = services;
  }

  /** A final response has come, or never will. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Where it leads; empty once that has answered. */
  uriText(): string {
    return this.#target?.uri.toString() ?? '';
  }

  /** What becomes of the body of a response that is forwarded; undefined: it stays. */
  bodyOf(message: SipMessage): Uint8Array | undefined {
    return this.#media?.response(message);
  }

  start(): void {
    const { incoming } = this.#owner;
    const target = this.#target;
    if (incoming === undefined || target === undefined) return;
    this.#media = this.#services.media?.branch(incoming);
    const flow = target.flow ?? (incoming.nextRoute === undefined ? incoming.flow : undefined);
    if (flow !== undefined) {
      this.#begin(flow.member === undefined ? [flow] : [flow, ...this.#besides(target, incoming)]);
      return;
    }
    const uri = nextHopOf(incoming, target);
    if (uri === undefined) {
      this.#end({ status: 404, message: undefined });
      return;
    }
    const { locator } = this.#services;
    const known = locator.locateNow(uri);
    if (known !== undefined) {
      this.#begin(known);
      return;
    }
    locator.locate(uri).then(
      (hops) => this.#begin(hops),
      () => this.#begin(notKnownNow),
    );
  }

  /** Instead of `start`: what that would find out is known. */
  startWritten(hop: Target, seed: BranchSeed, copy: WrittenCopy): void {
    this.#hops = [hop];
    this.#nextHop = 1;
    const transaction = this.#services.layer.client('INVITE', this, seed, this.#target?.uriText);
    if (transaction === undefined) this.#end({ status: 503, message: undefined });
    else this.#send(transaction, copy.with(transaction.viaParams), hop);
  }

  /** RFC 3261 §16.10; `reasons` as in RFC 3326. */
  cancel(reasons: readonly string[]): void {
    if (this.#isOver || this.#isCancelled) return;
    this.#isCancelled = true;
    if (this.#transaction === undefined) {
      this.#end({ status: 487, message: undefined });
      return;
    }
    this.#transaction.cancel(reasons);
    this.#transaction.wakeAfter(this.#services.cancelMs);
  }

  response(transaction: ClientTransaction, message: SipMessage): void {
    const { status } = message;
    if (status < 200) {
      if (status === 100) return;
      // RFC 3261 §16.7 item 2.
      if (transaction.method === 'INVITE' && !this.#isCancelled) {
        transaction.wakeAfter(this.#services.settings.timerCMs);
      }
      this.#owner.forward(this, message);
    } else if (status < 300) {
      this.#succeeded(transaction, message);
    } else if (status === 503 && this.#hasMoreHops()) {
      this.#tryNextHop();
    } else {
      this.#end({ status, message });
    }
  }

  /** It waits half a minute for further answers: what was needed to send the request goes. */
  #succeeded(transaction: ClientTransaction, message: SipMessage): void {
    this.#isOver = true;
    this.#hops = none;
    this.#target = undefined;
    this.#owner.forward(this, message);
    if (this.#media?.isRelayed !== true) this.#media = undefined;
    if (transaction.method === 'INVITE') return;
    transaction.leave();
    this.#transaction = undefined;
  }

  timedOut(): void {
    this.#failed({ status: 408, message: undefined });
  }

  transportFailed(_transaction: ClientTransaction, error: Error): void {
    const isRefused = error instanceof IoError && error.code === 'TLS_FAILED';
    this.#isUncertain = isRefused && (this.#nextHop === 1 || this.#isUncertain);
    this.#failed({ status: 503, message: undefined, isUncertain: this.#isUncertain });
  }

  woken(transaction: ClientTransaction): void {
    if (this.#isOver) return;
    if (transaction.method !== 'INVITE') {
      // A late answer is still heard: what has been stored need not be sent again then.
      transaction.silence();
      this.#end({ status: 408, message: undefined });
    } else if (this.#isCancelled || transaction.state === 'Calling') {
      this.#end({ status: this.#isCancelled ? 487 : 408, message: undefined });
      transaction.abandon();
    } else {
      // Timer C (RFC 3261 §16.8): it rings and rings.
      this.cancel(none);
    }
  }

  ended(transaction: ClientTransaction): void {
    if (this.#transaction === transaction) this.#transaction = undefined;
  }

  /** Another member is believed to have a connection. It may have ended: then a new one leads to the Contact. */
  #besides(target: ProxyTarget, incoming: Incoming): readonly Target[] {
    if (target.flow === undefined || target.isReachedByFlow) return none;
    const uri = nextHopOf(incoming, target);
    return (uri && this.#services.locator.locateNow(uri)) ?? none;
  }

  #begin(hops: readonly Target[]): void {
    if (this.#isOver) return;
    this.#hops = hops;
    this.#tryNextHop();
  }

  #failed(answer: FinalAnswer): void {
    const hop = this.#hops[this.#nextHop - 1];
    if (hop !== undefined && this.#target?.flow === undefined) this.#services.locator.failed(hop);
    if (this.#isOver) return;
    if (this.#hasMoreHops()) this.#tryNextHop();
    else this.#end(answer);
  }

  #hasMoreHops(): boolean {
    return !this.#isCancelled && this.#nextHop < this.#hops.length && this.#owner.incoming !== undefined;
  }

  #tryNextHop(): void {
    const { incoming } = this.#owner;
    const hop = this.#hops[this.#nextHop++];
    const target = this.#target;
    if (incoming === undefined || target === undefined || hop === undefined) {
      const isNowhere = this.#hops.length === 0 && this.#hops !== notKnownNow;
      this.#end({ status: isNowhere ? 404 : 503, message: undefined });
      return;
    }
    const body = this.#media?.request(incoming, target, hop);
    if (body === 'refused') {
      this.#end({ status: 503, message: undefined, isFull: true });
      return;
    }
    const { layer, branches, transport } = this.#services;
    const seed = incoming.seed(branches);
    const transaction = layer.client(incoming.method, this, seed, target.uriText, this.#nextHop - 1);
    if (transaction === undefined) {
      this.#end({ status: 503, message: undefined });
      return;
    }
    const face = transport.viaFor(hop);
    const bytes = forwardedRequest(incoming, target, {
      via: `SIP/2.0/${face.transport} ${face.sentBy};${transaction.viaParams}${face.transport === 'UDP' ? ';rport' : ''}`,
      recordRoutes: recordRoutesOf(incoming, hop, target, this.#services, this.#media?.isRelayed),
      path: pathOf(incoming, this.#services),
      maxBreadth: this.#maxBreadth,
      body,
    });
    this.#send(transaction, bytes, hop);
    if (incoming.standIn !== undefined) transaction.wakeAfter(incoming.standIn.patienceMs);
  }

  #send(transaction: ClientTransaction, bytes: Buffer, hop: Target): void {
    this.#transaction = transaction;
    transaction.start(bytes, hop);
    if (transaction.method === 'INVITE') transaction.wakeAfter(this.#services.settings.timerCMs);
  }

  #end(answer: FinalAnswer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#media?.failed();
    this.#owner.concluded(this, answer);
  }
}
