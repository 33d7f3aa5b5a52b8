import type { Authenticator } from '../accounts/authenticator.ts';
import type { BadMessage } from '../message/bad-message.ts';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { OwnerLookup } from '../farm/owner-lookup.ts';
import type { FlowTokens } from '../proxy/flow-token.ts';
import { endedBy, type EndedCall } from '../proxy/ended-call.ts';
import { Incoming } from '../proxy/incoming.ts';
import { PlainCalls } from '../proxy/plain-calls.ts';
import { Proxy, type ProxyServices } from '../proxy/proxy.ts';
import type { ProxyTarget } from '../proxy/target-set.ts';
import type { Gruus } from '../registrar/gruu.ts';
import type { LocationService } from '../registrar/location-service.ts';
import type { BranchCodec } from '../transaction/branch.ts';
import type { TransactionLayer, TransactionUser } from '../transaction/transaction-layer.ts';
import type { Hop } from '../transport/hop.ts';
import type { ServerLocator } from '../transport/server-locator.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { AccountAgent } from './account-agent.ts';
import { Answerer } from './answerer.ts';
import type { Flows } from './binding-targets.ts';
import type { Link } from './link.ts';
import { answerOptions, refuseOther } from './links/answer-own.ts';
import { checkProxyRequire } from './links/check-proxy-require.ts';
import { checkScheme } from './links/check-scheme.ts';
import { detectLoop } from './links/detect-loop.ts';
import { identifySender } from './links/identify-sender.ts';
import { limitHops } from './links/limit-hops.ts';
import { processRoutes } from './links/process-routes.ts';
import { registerContacts, type RegisterHandler } from './links/register-contacts.ts';
import { LocalUsers, type Directory } from './local-users.ts';
import { PlainInvites } from './plain-invites.ts';
import type { CoreSettings } from './settings.ts';
import { TargetFinder } from './target-finder.ts';
import { TrustedNetworks } from './trusted-networks.ts';

export interface CoreServices {
  readonly transport: TransportLayer;
  readonly locator: ServerLocator;
  readonly branches: BranchCodec;
  readonly tokens: FlowTokens;
  readonly directory: Directory;
  readonly authenticator: Pick<Authenticator, 'verify'>;
  readonly location: Pick<LocationService, 'lookup'>;
  readonly registrar: RegisterHandler;
  readonly agent?: AccountAgent;
  /** The farm that this server is a member of; absent: it is alone. */
  readonly owner?: OwnerLookup;
  /** As bindings name this member. */
  readonly memberName?: string;
  readonly gruus?: Pick<Gruus, 'meaningOf'>;
  readonly observe: ProxyServices['observe'];
  readonly media?: ProxyServices['media'];
  /** A BYE is on its way: its call is over, whatever comes back. */
  readonly callEnded: (end: EndedCall) => void;
  /** Why a load balancer should send new calls elsewhere. */
  readonly notReady?: () => string | undefined;
  readonly settings: Pick<CoreSettings, 'timers' | 'proxy' | 'trusted' | 'relay'>;
}

/** What happens with a new request: the links, in this order, then forwarding (RFC 3261 §16.3 to §16.6). */
export class Core implements TransactionUser {
  readonly #services: CoreServices;
  readonly #links: readonly Link[];
  /** What goes straight on goes through these: an ACK, which is never answered, and a CANCEL of what others have forwarded. */
  readonly #straightLinks: readonly Link[];
  readonly #finder: TargetFinder;
  readonly #proxy: Proxy;
  readonly #layer: TransactionLayer;
  readonly #plainInvites: PlainInvites;
  #isDraining = false;

  /** `connect` makes the layer for this user of it. */
  constructor(services: CoreServices, connect: (user: TransactionUser) => TransactionLayer) {
    const layer = connect(this);
    const { transport, branches, tokens, settings, authenticator, registrar } = services;
    const answerer = new Answerer(layer);
    const users = new LocalUsers(services.directory);
    const accept = (incoming: Incoming) => layer.acceptEnd(incoming.message, incoming.hop);
    const routes = processRoutes(answerer, transport, tokens, users);
    const trusted = new TrustedNetworks(settings.trusted);
    const toTag = ({ message, via }: Incoming): string => layer.statelessTag.of(message, via);
    this.#layer = layer;
    this.#services = services;
    this.#links = [
      checkScheme(answerer, users),
      routes,
      answerOptions(answerer, users, transport, services.notReady),
      detectLoop(answerer, branches, users, transport),
      checkProxyRequire(answerer),
      identifySender(answerer, users, trusted, authenticator),
      registerContacts(answerer, users, transport, registrar, accept),
      refuseOther(answerer, users, transport),
      limitHops(answerer),
    ];
    this.#straightLinks = [
      checkScheme(answerer, users),
      routes,
      detectLoop(answerer, branches, users, transport),
      limitHops(answerer),
    ];
    this.#finder = new TargetFinder({
      ...services,
      flows: flowsOf(services),
      answerer,
      users,
      relay: settings.relay,
      agent: services.agent,
      gruus: services.gruus,
      accept,
      toTag,
    });
    const proxyServices = {
      ...services,
      settings: settings.proxy,
      cancelMs: 64 * settings.timers.t1Ms,
      layer,
      redirected: (incoming: Incoming, answer: SipMessage) => this.#redirected(incoming, answer),
      toTag,
    };
    this.#proxy = new Proxy(proxyServices);
    this.#plainInvites = new PlainInvites({
      ...services,
      users,
      trusted,
      calls: new PlainCalls({ ...proxyServices, farm: services.owner }),
    });
  }

  /** From now on nothing new begins here. */
  drain(): void {
    this.#isDraining = true;
  }

  /** A datagram that has not been read, while something new may begin. True: an INVITE that was forwarded. False: nothing has been done. */
  takePlain(bytes: Buffer, hop: Hop): boolean {
    return this.#plainInvites.take(bytes, hop);
  }

  request(message: SipMessage, hop: Hop): void {
    const incoming = this.#incoming(message, hop);
    if (incoming === undefined) return;
    if (this.#isDraining && !incoming.isInDialog) {
      this.#layer.respondStatelessly(message, hop, 503, { headers: [[HeaderId.RetryAfter, '10']] });
      return;
    }
    for (const link of this.#links) if (link(incoming) === 'answered') return;
    const targets = this.#finder.find(incoming);
    if (typeof targets === 'string') return;
    this.#forward(incoming, targets);
  }

  /** In a dialog of ours, between ends that send again what is lost: it needs no transaction. */
  passOn(message: SipMessage, hop: Hop): void {
    if (message.method === 'BYE') this.#services.callEnded(endedBy(message));
    this.#sendStraightOn(message, hop);
  }

  /** For a 2xx, or of an INVITE that a member forwarded which is gone: then to all places that it may have gone to. */
  ack(message: SipMessage, hop: Hop): void {
    this.#sendStraightOn(message, hop);
  }

  strayResponse(message: SipMessage, hop: Hop): void {
    this.#proxy.forwardResponse(message, hop);
  }

  /**
   * RFC 3261 §16.10: without the INVITE that it takes back it is forwarded statelessly. What is forwarded gets the branch that
   * the INVITE got, whichever member forwarded that, and before whatever restart.
   */
  strayCancel(message: SipMessage, hop: Hop): void {
    this.#sendStraightOn(message, hop);
  }

  /** A request that cannot be worked with, as far as it can be answered. */
  bad({ status, reason, request }: BadMessage, hop: Hop): void {
    if (request === undefined || status === 0) return;
    this.#layer.respondStatelessly(request, hop, status, {
      reason: status === 400 ? `Bad Request: ${reason}` : reason,
    });
  }

  #incoming(message: SipMessage, hop: Hop): Incoming | undefined {
    const via = message.topVia();
    return via === undefined ? undefined : new Incoming(message, hop, via);
  }

  #sendStraightOn(message: SipMessage, hop: Hop): void {
    const incoming = this.#incoming(message, hop);
    if (incoming === undefined) return;
    // Whoever forwarded the INVITE did so to somebody.
    incoming.isStrayCancel = message.method === 'CANCEL';
    for (const link of this.#straightLinks) if (link(incoming) === 'answered') return;
    const targets = this.#finder.find(incoming);
    if (typeof targets === 'string') return;
    const { maxTargets } = this.#services.settings.proxy;
    for (const target of targets.slice(0, maxTargets)) this.#proxy.forwardStatelessly(incoming, target);
  }

  #forward(incoming: Incoming, targets: readonly ProxyTarget[]): void {
    const first = targets[0];
    if (first === undefined) return;
    if (incoming.method === 'BYE') this.#services.callEnded(endedBy(incoming.message));
    if (this.#needsNoTransaction(incoming, first)) {
      this.#proxy.forwardStatelessly(incoming, first);
      return;
    }
    incoming.transaction ??= this.#layer.accept(incoming.message, incoming.hop);
    if (incoming.transaction !== undefined) this.#proxy.forward(incoming, incoming.transaction, targets);
  }

  /** Overload: calls that are up shall at least be able to end. */
  #needsNoTransaction(incoming: Incoming, target: ProxyTarget): boolean {
    if (!incoming.isOurDialog) return false;
    if (incoming.method === 'BYE' && this.#proxy.isByDatagrams(incoming, target)) return true;
    return this.#layer.isFull && incoming.method !== 'INVITE';
  }

  #redirected(incoming: Incoming, answer: SipMessage): readonly ProxyTarget[] | undefined {
    if (!this.#services.settings.proxy.followRedirects) return undefined;
    const contacts = answer.contacts();
    if (contacts instanceof Malformed || contacts === '*') return undefined;
    return this.#finder.redirected(contacts, incoming);
  }
}

function flowsOf({ transport, owner, memberName = '' }: CoreServices): Flows {
  const hasFlow: Flows['hasFlow'] = (connectionId, member) => transport.hasFlow(connectionId, member);
  if (owner === undefined) return { hasFlow };
  return { hasFlow, holderOf: (name) => (name === memberName || name === '' ? 'here' : owner.tokenOf(name)) };
}
