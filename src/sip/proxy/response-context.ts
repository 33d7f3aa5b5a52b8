import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import { reply } from '../transaction/reply.ts';
import type { BranchSeed } from '../transaction/branch.ts';
import type { ServerTransaction, ServerUser } from '../transaction/server-transaction.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import { bestAnswer, type FinalAnswer } from './best-response.ts';
import type { CallObserver } from './call-observer.ts';
import { ForwardBranch, type BranchOwner, type BranchServices, type WrittenCopy } from './forward-branch.ts';
import { forwardedResponse, withAllChallenges } from './forwarded-response.ts';
import type { Incoming } from './incoming.ts';
import { isUnreached, type StandIn } from './stand-in.ts';
import { groupsByQ, type ProxyTarget } from './target-set.ts';
import { UnreadInvite } from './unread-invite.ts';

export interface ContextServices extends BranchServices {
  readonly transport: Pick<TransportLayer, 'viaFor' | 'respond'>;
  /** Where a redirection leads; undefined: it is not followed, the caller shall see it. */
  redirected(incoming: Incoming, answer: SipMessage): readonly ProxyTarget[] | undefined;
  /** To tag of answers that this server gives itself. */
  toTag(incoming: Incoming): string;
}

/** In the place of what most requests do not have, since hundreds of thousands of them wait for their timers. */
const none: readonly never[] = Object.freeze([]);

/** RFC 3326 §2: not a missed call. */
const completedElsewhere = ['SIP;cause=200;text="Call completed elsewhere"'];

/** RFC 3261 §16.7: the branches of one request, and what its sender is told of them. */
export class ResponseContext implements ServerUser, BranchOwner {
  readonly #server: ServerTransaction;
  readonly #services: ContextServices;
  readonly #isInvite: boolean;
  /** Until it knows how it went: what it remembers of the call need not wait for timers. */
  #observer: CallObserver | undefined;
  #answers: readonly FinalAnswer[] = none;
  #branches: readonly ForwardBranch[] = none;
  #incoming: Incoming | UnreadInvite | undefined;
  /** Who has answered in the place of those whom the request was sent to. */
  #standIn: StandIn | undefined = undefined;
  /** Those that are tried next, one group after the other. */
  #groups: readonly ProxyTarget[][];
  /** Branches without a final response. */
  #pending = 0;
  #isAnswered = false;
  #isCancelled = false;

  constructor(
    incoming: Incoming | UnreadInvite,
    server: ServerTransaction,
    groups: readonly ProxyTarget[][],
    services: ContextServices,
    observer: CallObserver | undefined,
  ) {
    this.#incoming = incoming;
    this.#server = server;
    this.#groups = groups;
    this.#services = services;
    this.#isInvite = incoming.method === 'INVITE';
    this.#observer = observer;
    server.user = this;
  }

  get incoming(): Incoming | undefined {
    if (this.#incoming instanceof UnreadInvite) this.#incoming = this.#incoming.read();
    return this.#incoming;
  }

  start(): void {
    this.#startNextGroup();
  }

  /** Instead of `start`: to one target at one place, with a copy that is written already but for its Via. */
  startWritten(target: ProxyTarget, place: Target, seed: BranchSeed, copy: WrittenCopy): void {
    this.#pending = 1;
    const branch = new ForwardBranch(target, copy.maxBreadth, this, this.#services);
    this.#branches = [branch];
    branch.startWritten(place, seed, copy);
  }

  cancelled(_transaction: ServerTransaction, cancel: SipMessage): void {
    // RFC 3261 §9.2: nothing else is taken back.
    if (!this.#isInvite || this.#isAnswered || this.#isCancelled) return;
    this.#isCancelled = true;
    this.#groups = none;
    this.#observer?.cancelled();
    this.#cancelBranches(undefined, cancel.values(HeaderId.Reason));
  }

  ended(): void {
    this.#groups = none;
  }

  forward(branch: ForwardBranch, message: SipMessage): void {
    const { status } = message;
    if (status < 200) {
      if (this.#isAnswered) return;
      this.#observer?.provisional(status);
      this.#server.respond(forwardedResponse(message, branch.bodyOf(message)), status);
      return;
    }
    const isFirst = !this.#isAnswered;
    this.#succeed(message, branch.bodyOf(message));
    if (!isFirst || this.#pending === 0) return;
    this.#pending--;
    this.#groups = none;
    this.#cancelBranches(branch, completedElsewhere);
  }

  #succeed(message: SipMessage, body: Uint8Array | undefined): void {
    const bytes = forwardedResponse(message, body);
    const { status } = message;
    if (!this.#isAnswered) {
      this.#finish();
      this.#observer?.answered(message);
      this.#observer = undefined;
      this.#server.respond(bytes, status);
    } else if (this.#isInvite) {
      // RFC 3261 §16.7 item 5: every 2xx to an INVITE goes back, whatever was said before.
      if (this.#server.state === 'Accepted') this.#server.respond(bytes, status);
      else this.#services.transport.respond(bytes, this.#server.hop, this.#server.place);
    } else {
      this.#standIn?.wasReachedLate();
      this.#standIn = undefined;
    }
  }

  concluded(branch: ForwardBranch, answer: FinalAnswer): void {
    this.#pending--;
    if (this.#isAnswered) return;
    const { message } = answer;
    const mayLeadOn = answer.status < 400 && message !== undefined && branch.isToBinding;
    const incoming = mayLeadOn ? this.incoming : undefined;
    if (mayLeadOn && incoming !== undefined) {
      const targets = this.#isCancelled ? undefined : this.#newTargets(this.#services.redirected(incoming, message));
      if (targets !== undefined && targets.length > 0) {
        // In the order of their q, before those who were to be tried next.
        const [first = none, ...others] = groupsByQ(targets);
        if (others.length > 0) this.#groups = [...others, ...this.#groups];
        this.#startBranches(first);
        return;
      }
    }
    this.#answers = [...this.#answers, answer];
    if (answer.status >= 600) {
      this.#groups = none;
      this.#cancelBranches(branch, [`SIP;cause=${answer.status}`]);
    }
    if (this.#pending === 0) this.#startNextGroup();
  }

  /** RFC 3261 §16.5: no place is tried twice. */
  #newTargets(targets: readonly ProxyTarget[] | undefined): readonly ProxyTarget[] | undefined {
    const room = this.#services.settings.maxTargets - this.#branches.length;
    const tried = new Set(this.#branches.map((branch) => branch.uriText()));
    return targets?.filter(({ uri }) => !tried.has(uri.toString())).slice(0, Math.max(room, 0));
  }

  #startNextGroup(): void {
    const group = this.#groups[0];
    this.#groups = this.#groups.length < 2 ? none : this.#groups.slice(1);
    if (group === undefined) this.#answerBest();
    else this.#startBranches(group);
  }

  #startBranches(targets: readonly ProxyTarget[]): void {
    const { settings } = this.#services;
    const { incoming } = this;
    const named = incoming?.message.number(HeaderId.MaxBreadth);
    // RFC 5393 §5.3.3: where there is none it is the largest that is allowed, which others may go beyond; in a dialog nobody forks.
    const breadth = Math.min(named ?? settings.maxBreadth, settings.maxBreadth);
    const isSaid = named !== undefined || incoming?.isInDialog === false || targets.length > 1;
    const share = isSaid ? Math.floor(breadth / targets.length) : undefined;
    if (share === 0) {
      // RFC 5393 §5.3.3: not so many at once.
      this.#answers = [...this.#answers, { status: 440, message: undefined }];
      this.#answerBest();
      return;
    }
    this.#pending += targets.length;
    const branches = targets.map((target) => new ForwardBranch(target, share, this, this.#services));
    this.#branches = this.#branches.length === 0 ? branches : [...this.#branches, ...branches];
    for (const branch of branches) if (!this.#isAnswered) branch.start();
  }

  #cancelBranches(except: ForwardBranch | undefined, reasons: readonly string[]): void {
    for (const branch of this.#branches) if (branch !== except) branch.cancel(reasons);
  }

  #answerBest(): void {
    if (this.#isAnswered) return;
    const best = bestAnswer(this.#answers) ?? { status: this.#isCancelled ? 487 : 480, message: undefined };
    const { message } = best;
    const standIn = isUnreached(best) ? this.incoming?.standIn : undefined;
    if (standIn?.takesOver(this.#server) === true) {
      this.#standIn = standIn;
      this.#finish();
      return;
    }
    if (message !== undefined && best.status !== 503) {
      const isChallenge = (best.status === 401 || best.status === 407) && this.#answers.length > 1;
      const bytes = isChallenge ? withAllChallenges(message, this.#answers) : forwardedResponse(message);
      this.#finish();
      this.#failed(best.status);
      this.#server.respond(bytes, best.status);
      return;
    }
    this.#answerOurselves(best);
  }

  #answerOurselves({ status, isUncertain = false, isFull = false }: FinalAnswer): void {
    const { incoming } = this;
    this.#finish();
    if (incoming === undefined) return;
    if (status === 408 && !this.#isInvite) {
      // RFC 4320 §4.2: it would come too late, and others take it for a server that is down.
      this.#server.abandon();
      return;
    }
    // Without ports this server is overloaded indeed (RFC 3261 §21.5.4): another one may have some.
    const told = status === 503 && !isFull ? this.#insteadOf503(isUncertain) : status;
    const reason = isFull ? 'No media port is free' : 'Certificate of the next server refused';
    const toTag = this.#services.toTag(incoming);
    this.#failed(told);
    const bytes = reply(incoming.message, incoming.hop, told, told === 503 ? { toTag, reason } : { toTag });
    this.#server.respond(bytes, told);
  }

  /**
   * RFC 3261 §16.7 item 6: a 503 would say that this server is overloaded. A telephone that is not reached is a 480. Where a
   * domain's servers cannot prove who they are, all requests for it will fail: that is said, with 503 (§16.9), and without
   * Retry-After, so that nobody keeps away from this server because of it (§21.5.4).
   */
  #insteadOf503(isUncertain: boolean): number {
    if (this.#branches.some(({ isToBinding }) => isToBinding)) return 480;
    return isUncertain ? 503 : 500;
  }

  #failed(status: number): void {
    this.#observer?.failed(status);
    this.#observer = undefined;
  }

  /** The request is not needed any more, and nothing new is sent for it; nor does it matter whether its sender waits. */
  #finish(): void {
    this.#isAnswered = true;
    this.#server.user = undefined;
    this.#incoming = undefined;
    this.#groups = none;
  }
}
