import { isRange, isSame, numberAt } from '../message/byte-ranges.ts';
import { Change, CHANGE_STRIDE, InDialogPlaces, ipv4End, ROUTE_STRIDE } from '../message/in-dialog-places.ts';
import { writeReceivedVia } from '../message/received-via.ts';
import type { ViaPlaces } from '../message/via-places.ts';
import { MessageBytes } from '../message/message-bytes.ts';
import type { BranchCodec } from '../transaction/branch.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import { STATELESS_TAG_BEGIN } from '../transaction/stateless-tag.ts';
import type { Hop } from '../transport/hop.ts';
import type { Target } from '../transport/target.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { EndedCall } from './ended-call.ts';
import type { FlowTokens } from './flow-token.ts';
import { loopHashOf } from './loop-hash.ts';
import { TokenPlaces } from './token-places.ts';

/** What a farm says to it. */
export interface PlainPlaces {
  /**
   * This member may pass the request on, whose Routes are of one member: it counts it, and tells that member of the end of its
   * call. `token`: of the last Route. False: nothing has been done.
   */
  passesOn(request: InDialogPlaces, token: TokenPlaces, hop: Hop, end: EndedCall | undefined): boolean;
  /** The same of a response that nobody waits for. */
  passesBack(hop: Hop): boolean;
}

export interface PlainDialogServices {
  readonly transport: Pick<TransportLayer, 'viaFor' | 'send'>;
  readonly layer: Pick<TransactionLayer, 'mayKnow' | 'knowsBranch'>;
  readonly branches: BranchCodec;
  readonly tokens: FlowTokens;
  /** A BYE is on its way: its call is over, whatever comes back. */
  readonly callEnded: (end: EndedCall) => void;
  /** A final response to a BYE has been passed on. */
  readonly answered: (status: number) => void;
  /** Absent: the server is alone. */
  readonly farm?: PlainPlaces | undefined;
}

const nobodyCares = (): void => undefined;
const statelessTag = Buffer.from(STATELESS_TAG_BEGIN, 'latin1');
const usualPort = 5060;
const firstMulticast = 224;

/**
 * ACK for a 2xx and BYE, in a dialog that was set up through us, and the responses to such a BYE, from their bytes to the bytes
 * that are sent on: beside the way that all other messages take, and to the same effect as `Proxy.forwardStatelessly` and
 * `forwardResponse`. What is not plain it leaves as it is to the long way, which has the last word: nothing has happened by then.
 */
export class PlainDialogs {
  readonly #services: PlainDialogServices;
  readonly #places: InDialogPlaces;
  readonly #token = new TokenPlaces();
  readonly #out = new MessageBytes();

  constructor(services: PlainDialogServices) {
    this.#services = services;
    this.#places = new InDialogPlaces(services.branches.farmPrefix);
  }

  /** A datagram. True: it was sent on. False: nothing has been done with it. */
  take(bytes: Buffer, hop: Hop): boolean {
    const places = this.#places;
    if (!places.read(bytes)) return false;
    return places.status > 0 ? this.#takeResponse(places, hop) : this.#takeRequest(places, hop);
  }

  #takeRequest(request: InDialogPlaces, hop: Hop): boolean {
    const { bytes, isBye, callIdStart, callIdEnd, fromTagStart, fromTagEnd, toTagStart, toTagEnd, topVia } = request;
    const { layer, transport, branches, farm, callEnded } = this.#services;
    // A copy of a request of ours may go in a circle.
    if (request.hasOwnBranch || topVia.rport > 0 || topVia.receivedStart > 0) return false;
    if (!this.#isOfOurDialog(request)) return false;
    // For an answer that was given without a transaction: it has done its work.
    if (isRange(bytes, toTagStart, Math.min(toTagStart + statelessTag.length, toTagEnd), statelessTag)) return false;
    if (layer.mayKnow(bytes, topVia.branchStart, topVia.branchEnd)) return false;
    const target = this.#targetOf(request);
    if (target === undefined) return false;
    const end: EndedCall | undefined = isBye
      ? {
          callId: bytes.toString('latin1', callIdStart, callIdEnd),
          fromTag: bytes.toString('latin1', fromTagStart, fromTagEnd),
          toTag: bytes.toString('latin1', toTagStart, toTagEnd),
        }
      : undefined;
    if (farm?.passesOn(request, this.#token, hop, end) === false) return false;
    if (end !== undefined) callEnded(end);
    const { transport: name, sentBy } = transport.viaFor(target);
    this.#writeRequest(request, hop, name, sentBy, branches.bytesOf(request, loopHashOf(request)));
    transport.send(this.#out.finish(), target, nobodyCares);
    return true;
  }

  /** All its Routes are ours, made for this call by one member. The last one, which counts, is then in `#token`. */
  #isOfOurDialog({ bytes, routes, routeCount, callIdStart, callIdEnd }: InDialogPlaces): boolean {
    const token = this.#token;
    const { tokens } = this.#services;
    let memberStart = 0;
    let memberEnd = 0;
    for (let index = 0; index < routeCount * ROUTE_STRIDE; index += ROUTE_STRIDE) {
      if (!token.read(bytes, routes[index + 3]!, routes[index + 4]!)) return false;
      if (!tokens.isSealed(bytes, token, callIdStart, callIdEnd)) return false;
      if (index > 0 && !isSame(bytes, token.memberStart, token.memberEnd, memberStart, memberEnd)) return false;
      memberStart = token.memberStart;
      memberEnd = token.memberEnd;
    }
    return true;
  }

  /** undefined: not by UDP. */
  #targetOf({ bytes, hostStart, hostEnd, port, callIdStart, callIdEnd }: InDialogPlaces): Target | undefined {
    const { hasFlow, memberStart, end } = this.#token;
    if (!hasFlow) return { transport: 'udp', address: bytes.toString('latin1', hostStart, hostEnd), port };
    const scope = bytes.toString('latin1', callIdStart, callIdEnd);
    const flow = this.#services.tokens.read(bytes.toString('latin1', memberStart, end), scope)?.flow;
    return flow?.transport === 'udp' && flow.connectionId === undefined ? flow : undefined;
  }

  /** RFC 3261 §16.6. */
  #writeRequest(request: InDialogPlaces, hop: Hop, transport: string, sentBy: string, branch: Uint8Array): void {
    const out = this.#out;
    const { bytes, linesStart, changes, changeCount, maxForwards, topVia } = request;
    out.begin();
    out.bytes(bytes, 0, linesStart);
    out.text('Via: SIP/2.0/');
    out.text(transport);
    out.text(' ');
    out.text(sentBy);
    out.text(';branch=');
    out.bytes(branch, 0, branch.length);
    out.text('\r\n');
    let at = linesStart;
    for (let index = 0; index < changeCount * CHANGE_STRIDE; index += CHANGE_STRIDE) {
      const lineStart = changes[index + 1]!;
      out.bytes(bytes, at, lineStart);
      at = changes[index + 4]!;
      if (changes[index] === Change.Via) {
        writeReceivedVia(out, bytes, lineStart, topVia, hop.remoteAddress, hop.remotePort);
        out.text('\r\n');
      } else if (changes[index] === Change.MaxForwards) {
        out.text('Max-Forwards: ');
        out.text(String(maxForwards - 1));
        out.text('\r\n');
      }
    }
    out.bytes(bytes, at, bytes.length);
  }

  /** RFC 3261 §16.11: without our Via, to where the next one says. */
  #takeResponse(response: InDialogPlaces, hop: Hop): boolean {
    const { bytes, status, topVia, nextVia, cutStart, cutEnd } = response;
    const { layer, branches, transport, answered, farm } = this.#services;
    if (!response.hasOwnBranch) return false;
    const parts = branches.decodeAt(bytes, topVia.branchStart, topVia.branchEnd);
    if (parts === undefined || layer.knowsBranch(parts)) return false;
    const target = viaTargetOf(bytes, nextVia, hop);
    if (target === undefined || farm?.passesBack(hop) === false) return false;
    if (status >= 200) answered(status);
    const out = this.#out;
    out.begin();
    out.bytes(bytes, 0, cutStart);
    out.bytes(bytes, cutEnd, bytes.length);
    transport.send(out.finish(), target, nobodyCares);
    return true;
  }
}

/** As `viaTarget`; undefined, too, where the long way shall look at it. */
function viaTargetOf(bytes: Buffer, via: ViaPlaces, { socketId, local }: Hop): Target | undefined {
  const { hostStart, hostEnd, port, rport, receivedStart, receivedEnd } = via;
  const start = receivedStart > 0 ? receivedStart : hostStart;
  const end = receivedStart > 0 ? receivedEnd : hostEnd;
  if (ipv4End(bytes, start) !== end || local.address.includes(':')) return undefined;
  let firstEnd = start;
  while (bytes[firstEnd] !== 0x2e) firstEnd++;
  const first = numberAt(bytes, start, firstEnd, 255);
  if (first === 0 || first >= firstMulticast) return undefined;
  return {
    transport: 'udp',
    address: bytes.toString('latin1', start, end),
    port: rport > 0 ? rport : port > 0 ? port : usualPort,
    socketId,
  };
}
