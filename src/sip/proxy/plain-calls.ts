import { parseSipUri, SipUri } from '../message/sip-uri.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { Hop } from '../transport/hop.ts';
import { targetOf, type Target } from '../transport/target.ts';
import type { SentBy, TransportLayer } from '../transport/transport-layer.ts';
import type { CallBegin, NamedUser } from './call-begin.ts';
import type { CallObserver } from './call-observer.ts';
import { InvitePlaces } from './invite-places.ts';
import { plainLoopHash } from './loop-hash.ts';
import type { CallMedia } from './media.ts';
import { PlainCopies } from './plain-copies.ts';
import { recordRouteElement } from './record-route.ts';
import { ResponseContext, type ContextServices } from './response-context.ts';
import type { ProxyTarget } from './target-set.ts';
import { UnreadInvite } from './unread-invite.ts';

/** What a farm says to it. */
export interface PlainCallPlacing {
  /** An INVITE with that Call-ID is this member's work, and it counts it. False: nothing has been done. */
  takesInvite(invite: InvitePlaces, hop: Hop): boolean;
}

export interface PlainCallsServices extends ContextServices {
  readonly transport: Pick<TransportLayer, 'viaFor' | 'respond'>;
  readonly layer: Pick<TransactionLayer, 'client' | 'mayKnow' | 'isFull' | 'acceptInvite'>;
  readonly observe: (call: CallBegin) => CallObserver | undefined;
  readonly media?: Pick<CallMedia, 'branch' | 'passesPlain'> | undefined;
  /** Absent: the server is alone. */
  readonly farm?: PlainCallPlacing | undefined;
}

/** Who calls whom, and where that one is. */
export interface PlainEnds {
  readonly caller: NamedUser;
  readonly callee: NamedUser;
  /** The callee's account. */
  readonly aor: string;
  readonly isTrusted: boolean;
  readonly place: { readonly uriText: string; readonly address: string; readonly port: number };
}

const none: readonly never[] = Object.freeze([]);
/** In the place of one that is none, which no binding has. */
const noUri = new SipUri({ scheme: 'sip', host: '' });

/** One contact of an account, of which a SIP URI is only made when it is asked for. */
class PlainTarget implements ProxyTarget {
  readonly uriText: string;

  constructor(uriText: string) {
    this.uriText = uriText;
  }

  get uri(): SipUri {
    return parseSipUri(this.uriText) ?? noUri;
  }

  get routes(): readonly string[] {
    return none;
  }

  get flow(): undefined {
    return undefined;
  }

  get isReachedByFlow(): boolean {
    return false;
  }

  get q(): number {
    return 1000;
  }

  get isBinding(): boolean {
    return true;
  }
}

/**
 * Calls that begin with a plain INVITE to one place: forwarded from its bytes, to the same effect as `Proxy.forward`. From then on
 * they are calls like all others, with the same transactions, branch and response context.
 */
export class PlainCalls {
  readonly #services: PlainCallsServices;
  readonly invite: InvitePlaces;
  readonly #copies: PlainCopies;

  constructor(services: PlainCallsServices) {
    this.#services = services;
    this.invite = new InvitePlaces(services.branches.farmPrefix);
    this.#copies = new PlainCopies(this.invite);
  }

  /** Reads an INVITE into `invite`. False: it is not plain, has a transaction here, or there is no room for one. */
  read(bytes: Buffer): boolean {
    const { layer } = this.#services;
    const { invite } = this;
    if (!invite.read(bytes)) return false;
    return !layer.isFull && !layer.mayKnow(bytes, invite.topVia.branchStart, invite.topVia.branchEnd);
  }

  /** Forwards what was read. False: it is not plain; nothing has happened. */
  begin(hop: Hop, ends: PlainEnds): boolean {
    const { transport, farm } = this.#services;
    const { address, port } = ends.place;
    const target: Target = { transport: 'udp', address, port };
    const near = transport.viaFor(targetOf(hop));
    const far = transport.viaFor(target);
    // Else there are two Record-Routes.
    if (near.sentBy !== far.sentBy || near.transport !== 'UDP' || far.transport !== 'UDP') return false;
    if (!this.#passesMedia(hop, address) || farm?.takesInvite(this.invite, hop) === false) return false;
    this.#forward(hop, ends, target, far);
    return true;
  }

  #passesMedia({ remoteAddress }: Hop, address: string): boolean {
    const { media } = this.#services;
    if (media === undefined) return true;
    const { bytes, bodyStart, hasSdp } = this.invite;
    return hasSdp && media.passesPlain(remoteAddress, address, bytes.toString('latin1', bodyStart));
  }

  #forward(hop: Hop, { caller, callee, aor, isTrusted, place }: PlainEnds, target: Target, face: SentBy): void {
    const { layer, branches, observe, settings } = this.#services;
    const { bytes, topVia, callIdStart, callIdEnd, from, to, uriStart, uriEnd } = this.invite;
    const callId = bytes.toString('latin1', callIdStart, callIdEnd);
    const fromTag = bytes.toString('latin1', from.tagStart, from.tagEnd);
    const server = layer.acceptInvite(bytes.toString('latin1', topVia.branchStart, topVia.branchEnd), hop, {
      host: hop.remoteAddress,
      port: topVia.port === 0 ? undefined : topVia.port,
      rport: topVia.rportStart === 0 ? undefined : 0,
      maddr: undefined,
    });
    const observer = observe({
      callId,
      fromTag,
      from: bytes.toString('latin1', from.uriStart, from.uriEnd),
      to: bytes.toString('latin1', to.uriStart, to.uriEnd),
      requestUri: bytes.toString('latin1', uriStart, uriEnd),
      hop,
      account: undefined,
      caller,
      callee,
    });
    const { uriText, address } = place;
    const recordRoute = this.#recordRoute(callId, fromTag, hop, address, face);
    const copies = this.#copies;
    copies.begin(hop, { uriText, sentBy: face.sentBy, recordRoute, maxBreadth: settings.maxBreadth });
    server.respond(copies.trying(), 100);
    const loopHash = plainLoopHash(aor);
    const unread = new UnreadInvite(bytes, hop, isTrusted, loopHash);
    const context = new ResponseContext(unread, server, none, this.#services, observer);
    context.startWritten(new PlainTarget(uriText), target, branches.seedAt(this.invite, loopHash), copies);
  }

  /** As `recordRoutesOf`, where both sides are reached at their addresses. */
  #recordRoute(callId: string, fromTag: string, hop: Hop, address: string, face: SentBy): string | undefined {
    const { settings, tokens } = this.#services;
    if (settings.recordRoute !== 'always') return undefined;
    const hosts = hop.remoteAddress === address ? [address] : [hop.remoteAddress, address];
    const first = tokens.firstMark(fromTag, this.invite.cseq);
    return recordRouteElement('sip', face, tokens.write(callId, undefined, hosts, first));
  }
}
