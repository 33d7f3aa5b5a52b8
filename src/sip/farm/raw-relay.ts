import { Malformed } from '../message/malformed.ts';
import { parseVia } from '../message/via.ts';
import { viaTarget } from '../proxy/via-target.ts';
import type { BranchCodec } from '../transaction/branch.ts';
import type { ShortMac } from '../transaction/short-mac.ts';
import type { Hop } from '../transport/hop.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import type { FarmSet } from './farm-set.ts';
import type { MemberTable } from './member-table.ts';
import type { KnownWork } from './owner-lookup.ts';
import { headOf, readRawRequest, readRawResponse, type RawResponse } from './raw-message.ts';
import type { Standstill } from './standstill.ts';

export interface RawRelayParts {
  readonly members: MemberTable;
  readonly set: FarmSet;
  readonly branches: BranchCodec;
  readonly mac: ShortMac;
  readonly standstill: Pick<Standstill, 'isStale'>;
  readonly figures: FarmFigures;
  readonly work: () => KnownWork;
  readonly transport: Pick<TransportLayer, 'send'>;
  /** Sends it to that member, which is the only one that it can be for. `isNamed`: by the message itself. */
  readonly relay: (bytes: Buffer, hop: Hop, to: FarmMember, isNamed: boolean) => boolean;
}

const nobodyCares = (): void => undefined;
const END = '\r\n\r\n';
const CONTENT_FREE = '\r\nContent-Length: 0\r\n';
const BYE_SEQUENCE = /\r\nCSeq: \d+ BYE\r\n/;

/**
 * What comes to the wrong member, two thirds of all in a farm of three, is sent on as it came, without making a message of it:
 * its Call-ID or our Via says where to. So are answers that nobody waits for. Only while the farm is as it was for minutes; what
 * is not written as usual, or not about a call, goes the way of the others.
 */
export class RawRelay {
  readonly #parts: RawRelayParts;

  constructor(parts: RawRelayParts) {
    this.#parts = parts;
  }

  /** True: it was dealt with. */
  take(bytes: Buffer, hop: Hop): boolean {
    const { members, set, standstill } = this.#parts;
    if (members.isAlone || members.self.mode !== 'member' || hop.transport !== 'udp') return false;
    if (!set.isSettled(hop.receivedMs) || standstill.isStale(hop.receivedMs)) return false;
    const head = headOf(bytes);
    if (head === undefined) return false;
    const response = readRawResponse(head);
    if (response !== undefined) return this.#takeResponse(bytes, hop, head, response);
    const request = readRawRequest(head);
    return request !== undefined && this.#takeRequest(bytes, hop, request.callId);
  }

  #takeRequest(bytes: Buffer, hop: Hop, callId: string): boolean {
    const { members, set, mac } = this.#parts;
    const owner = set.owner(mac.begin().text(callId).finish());
    const member = owner === undefined ? undefined : members.reachable(owner);
    return member !== undefined && this.#relay(bytes, hop, member, false);
  }

  #takeResponse(bytes: Buffer, hop: Hop, head: string, response: RawResponse): boolean {
    const { members, branches, work } = this.#parts;
    const { branch, member: token } = response;
    const member = token === '' ? undefined : members.reachable(token);
    if (token !== '' && member === undefined) return false;
    const parts = branches.decode(branch);
    if (parts === undefined || work().knowsBranch(parts)) return false;
    if (member !== undefined) return this.#relay(bytes, hop, member, true);
    return this.#passOn(bytes, hop, head, response);
  }

  #relay(bytes: Buffer, hop: Hop, member: FarmMember, isNamed: boolean): boolean {
    const { figures, relay } = this.#parts;
    if (!relay(bytes, hop, member, isNamed)) return false;
    figures.received++;
    figures.relayedOut++;
    return true;
  }

  /** Without our Via, to where the next one says (RFC 3261 §16.11). */
  #passOn(bytes: Buffer, hop: Hop, head: string, response: RawResponse): boolean {
    const { status, viaStart, viaEnd, nextStart, nextEnd } = response;
    if (nextStart < 0 || bytes.length !== head.length || !head.endsWith(END) || !head.includes(CONTENT_FREE))
      return false;
    const via = parseVia(head, nextStart, nextEnd);
    const target = via instanceof Malformed || via.flaw !== undefined ? undefined : viaTarget(via, hop);
    if (target === undefined) return false;
    const { figures, transport, work } = this.#parts;
    const rest = Buffer.allocUnsafe(bytes.length - (viaEnd - viaStart));
    bytes.copy(rest, 0, 0, viaStart);
    bytes.copy(rest, viaStart, viaEnd);
    figures.received++;
    figures.here++;
    if (status >= 200 && BYE_SEQUENCE.test(head)) work().answeredElsewhere('BYE', status);
    transport.send(rest, target, nobodyCares);
    return true;
  }
}
