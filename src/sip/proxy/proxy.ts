import { buildResponse } from '../message/build.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import { callBeginOf, type CallBegin } from './call-begin.ts';
import type { CallObserver } from './call-observer.ts';
import { forwardedRequest } from './forwarded-request.ts';
import { forwardedResponse } from './forwarded-response.ts';
import type { Incoming } from './incoming.ts';
import type { CallMedia } from './media.ts';
import { nextHopOf } from './next-hop.ts';
import { ResponseContext, type ContextServices } from './response-context.ts';
import { groupsByQ, type ProxyTarget } from './target-set.ts';
import { viaTarget } from './via-target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';

export interface ProxyServices extends ContextServices {
  readonly transport: Pick<TransportLayer, 'viaFor' | 'respond' | 'send'>;
  /** Who follows a call that begins with this INVITE. */
  observe(call: CallBegin): CallObserver | undefined;
  readonly media?: CallMedia | undefined;
}

/** As `reply` makes it, with what is known of its Via already. */
function tryingFor({ message, receivedVia }: Incoming): Buffer {
  return buildResponse(message, 100, receivedVia === undefined ? undefined : { topVia: receivedVia });
}

const nobodyCares = (): undefined => undefined;

/** RFC 3261 §16: forwards requests, with the memory of a transaction or without. */
export class Proxy {
  readonly #services: ProxyServices;

  constructor(services: ProxyServices) {
    this.#services = services;
  }

  /** Forks to the targets, by q one group after the other, and answers `server` with what comes of it. */
  forward(incoming: Incoming, server: ServerTransaction, targets: readonly ProxyTarget[]): void {
    const { settings } = this.#services;
    const isCall = incoming.method === 'INVITE';
    const observer = isCall && !incoming.isInDialog ? this.#services.observe(callBeginOf(incoming)) : undefined;
    // RFC 3261 §16.2: whoever forks says so at once; it keeps the caller from sending the INVITE again.
    if (isCall) server.respond(tryingFor(incoming), 100);
    const groups = groupsByQ(targets.slice(0, settings.maxTargets));
    new ResponseContext(incoming, server, groups, this.#services, observer).start();
  }

  /** It comes and goes by UDP, to one known place: who sends it sends it again, and one more who does so helps nobody. */
  isByDatagrams(incoming: Incoming, target: ProxyTarget): boolean {
    if (incoming.hop.transport !== 'udp') return false;
    const flow = flowOf(incoming, target);
    if (flow !== undefined) return flow.transport === 'udp';
    const uri = nextHopOf(incoming, target);
    const known = uri === undefined ? undefined : this.#services.locator.locateNow(uri);
    return known?.length === 1 && known[0]?.transport === 'udp';
  }

  /** RFC 3261 §16.11: to the first target, and nothing is remembered. For an ACK, and what needs no transaction or has no room for one. */
  forwardStatelessly(incoming: Incoming, target: ProxyTarget): void {
    const flow = flowOf(incoming, target);
    if (flow !== undefined) {
      this.#send(incoming, target, flow);
      return;
    }
    const uri = nextHopOf(incoming, target);
    if (uri === undefined) return;
    const { locator } = this.#services;
    const known = locator.locateNow(uri);
    if (known !== undefined) this.#send(incoming, target, known[0]);
    else locator.locate(uri).then((found) => this.#send(incoming, target, found[0]), nobodyCares);
  }

  /** RFC 3261 §16.11 and RFC 6026 §7.3: a response whose transaction is over, or that has none, goes where its Via says. */
  forwardResponse(message: SipMessage, hop: Hop): void {
    const vias = message.vias();
    const next = vias instanceof Malformed ? undefined : vias[1];
    const target = next === undefined ? undefined : viaTarget(next, hop);
    if (target === undefined) return;
    const body = this.#services.media?.strayResponse(message);
    this.#services.transport.send(forwardedResponse(message, body), target, nobodyCares);
  }

  #send(incoming: Incoming, target: ProxyTarget, hop: Target | undefined): void {
    if (hop === undefined) return;
    const { transport, branches, media } = this.#services;
    const face = transport.viaFor(hop);
    const seed = incoming.seed(branches);
    const branch = branches.encodeFor(seed, branches.idOf(seed, target.uriText ?? '', 0));
    const bytes = forwardedRequest(incoming, target, {
      // Nobody waits for the response: no member is named.
      via: `SIP/2.0/${face.transport} ${face.sentBy};branch=${branch}`,
      recordRoutes: [],
      path: undefined,
      maxBreadth: undefined,
      body: incoming.method === 'ACK' ? media?.ack(incoming.message) : undefined,
    });
    transport.send(bytes, hop, nobodyCares);
  }
}

/** The way that it must leave by, if there is one (RFC 5626 §5.3). */
const flowOf = (incoming: Incoming, target: ProxyTarget): Target | undefined =>
  target.flow ?? (incoming.nextRoute === undefined ? incoming.flow : undefined);
