import { parseIpAddress } from '#base';
import { isSame } from '../message/byte-ranges.ts';
import { ROUTE_STRIDE, type InDialogPlaces } from '../message/in-dialog-places.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { FlowToken, FlowTokens } from '../proxy/flow-token.ts';
import type { TokenPlaces } from '../proxy/token-places.ts';
import type { Hop } from '../transport/hop.ts';
import type { FarmSockets } from './farm.ts';

/**
 * What any member may pass on, without asking who has set the dialog up: BYE, and the ACK for the 2xx that its dialog began
 * with. Both are passed on without a transaction (RFC 3261 §16.11): who sends them sends them again, by UDP on both sides, and
 * the branch is the same at every member. An ACK may also be for the refusal of a later INVITE, which one member waits for:
 * the token tells them apart. One with a description is for the member that has the media.
 */
export class PassingOn {
  readonly #tokens: FlowTokens;
  readonly #transport: Pick<FarmSockets, 'isOwnAddress'>;

  constructor(tokens: FlowTokens, transport: Pick<FarmSockets, 'isOwnAddress'>) {
    this.#tokens = tokens;
    this.#transport = transport;
  }

  allows(message: SipMessage, hop: Hop): boolean {
    const { method } = message;
    if ((method !== 'BYE' && method !== 'ACK') || hop.transport !== 'udp') return false;
    if (message.to().tag === undefined || (method === 'ACK' && message.bodyLength > 0)) return false;
    const routes = message.routes();
    if (routes instanceof Malformed) return false;
    const callId = message.callId();
    let own = 0;
    let last: FlowToken | undefined;
    for (const { uri } of routes) {
      const token = uri === undefined ? undefined : this.#tokenOf(uri, callId);
      if (uri === undefined || token === undefined) break;
      if (last !== undefined && last.member !== token.member) return false;
      if (!this.#isFaceOf(uri, routes[0]?.uri)) return false;
      last = token;
      own++;
    }
    if (last === undefined) return false;
    if (method === 'ACK' && last.first !== this.#tokens.firstMark(message.from().tag ?? '', message.cseq().number)) {
      return false;
    }
    if (own === routes.length && last.flow !== undefined) return last.flow.transport === 'udp';
    return isAddress(own === routes.length ? message.requestUri() : routes[own]?.uri);
  }

  /**
   * As `allows`, of what is read from its bytes: by UDP to an address, without a body, all Routes are of one member of this farm.
   * `token`: of the last one.
   */
  allowsPlain(request: InDialogPlaces, token: TokenPlaces): boolean {
    const { bytes, routes, routeCount, isBye, fromTagStart, fromTagEnd, cseq } = request;
    const [hostStart = 0, hostEnd = 0, port = 0] = routes;
    for (let index = ROUTE_STRIDE; index < routeCount * ROUTE_STRIDE; index += ROUTE_STRIDE) {
      if (routes[index + 2] !== port) return false;
      if (!isSame(bytes, hostStart, hostEnd, routes[index]!, routes[index + 1]!)) return false;
    }
    if (!isBye && !this.#tokens.isFirst(bytes, token, fromTagStart, fromTagEnd, cseq)) return false;
    const host = bytes.toString('latin1', hostStart, hostEnd);
    return this.#transport.isOwnAddress(host, port === 0 ? undefined : port, 'udp');
  }

  #tokenOf(uri: SipUri, callId: string): FlowToken | undefined {
    const text = uri.param('hf');
    return text === undefined ? undefined : this.#tokens.read(text, callId);
  }

  /**
   * Both sides see this member where they saw the one that has set the dialog up: at one address, which this one has, too. So
   * the answer comes back by the socket that it leaves by.
   */
  #isFaceOf(uri: SipUri, first: SipUri | undefined): boolean {
    if (uri.host !== first?.host || uri.port !== first.port || !isByDatagram(uri)) return false;
    return this.#transport.isOwnAddress(uri.host, uri.port, 'udp');
  }
}

/** It is known at once where that is. */
function isAddress(uri: SipUri | undefined): boolean {
  return uri?.scheme === 'sip' && isByDatagram(uri) && !uri.has('maddr') && parseIpAddress(uri.host) !== undefined;
}

function isByDatagram(uri: SipUri): boolean {
  const transport = uri.param('transport');
  return transport === undefined || transport.toLowerCase() === 'udp';
}
