import { parseIpAddress } from '#base';
import type { Clock } from '#io';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import { PATH_SCOPE, type FlowTokens } from '../proxy/flow-token.ts';
import type { BranchCodec } from '../transaction/branch.ts';
import type { ShortMac } from '../transaction/short-mac.ts';
import type { Hop } from '../transport/hop.ts';
import type { TransportLayer } from '../transport/transport-layer.ts';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import type { FarmSet, WorkKind } from './farm-set.ts';
import type { MemberTable } from './member-table.ts';
import type { KnownWork, OwnerLookup } from './owner-lookup.ts';
import { RelayedHop } from './relayed-hop.ts';

export interface FarmRoutingParts {
  readonly clock: Clock;
  readonly members: MemberTable;
  readonly set: FarmSet;
  readonly branches: BranchCodec;
  readonly tokens: FlowTokens;
  readonly mac: ShortMac;
  readonly transport: Pick<TransportLayer, 'isOwnAddress'>;
  readonly figures: FarmFigures;
  /** Sends it to that member. False: it cannot be sent. */
  readonly relay: (
    message: SipMessage,
    hop: Hop,
    to: FarmMember,
    rest: readonly string[],
    branchOwner: string,
  ) => boolean;
}

const none: readonly string[] = Object.freeze([]);

/**
 * Finds whose work a message is. Whoever receives it from outside makes the list of those who may have its transaction, the
 * likeliest first; the message goes from one to the next until one has it, or to the last. The list only gets shorter, so
 * nothing goes round; with the farm as it was for half a minute it has one name.
 */
export class FarmRouting implements OwnerLookup {
  readonly #parts: FarmRoutingParts;
  readonly #self: string;
  #work: KnownWork = { knows: () => false };
  /** See `branchOwner`: of the message that was taken last. */
  #taken: SipMessage | undefined;
  #takenOwner = '';

  constructor(parts: FarmRoutingParts) {
    this.#parts = parts;
    this.#self = parts.members.self.token;
  }

  connect(work: KnownWork): void {
    this.#work = work;
  }

  takes(message: SipMessage, hop: Hop): boolean {
    const { figures, members } = this.#parts;
    if (hop instanceof RelayedHop) return this.#takesRelayed(message, hop);
    figures.received++;
    if (members.isAlone) {
      figures.here++;
      return true;
    }
    const isHere = message.isRequest ? this.#takesRequest(message, hop) : this.#takesResponse(message, hop);
    if (isHere) figures.here++;
    else figures.relayedOut++;
    return isHere;
  }

  branchOwner(message: SipMessage): string {
    return message === this.#taken ? this.#takenOwner : this.#self;
  }

  branchOwners(message: SipMessage): readonly string[] {
    const named = message.isRequest ? this.#memberOfRoute(message) : undefined;
    const owners = named === undefined ? this.#owners(message, 'late') : [named];
    const taken = this.branchOwner(message);
    return owners.includes(taken) ? owners : [...owners, taken];
  }

  tokenOf(memberName: string): string | undefined {
    return this.#parts.members.byName(memberName)?.token;
  }

  #takesRelayed(message: SipMessage, hop: RelayedHop): boolean {
    const { figures } = this.#parts;
    figures.relayedIn++;
    const owner = hop.branchOwner === '' ? this.#self : hop.branchOwner;
    if (hop.rest.length === 0 || this.#work.knows(message) || !this.#passOn(message, hop, hop.rest, owner)) {
      return this.#take(message, owner);
    }
    figures.secondHops++;
    return false;
  }

  #takesResponse(message: SipMessage, hop: Hop): boolean {
    const branch = message.topVia()?.branch;
    const parts = branch === undefined ? undefined : this.#parts.branches.decode(branch);
    // Not an answer to us (RFC 3261 §18.1.2): whoever drops it.
    if (parts === undefined || this.#work.knows(message)) return true;
    const owners = this.#owners(message, 'late').filter((token) => token !== parts.member);
    return this.#isFor(message, hop, [parts.member, ...owners], parts.member);
  }

  #takesRequest(message: SipMessage, hop: Hop): boolean {
    const named = this.#memberOfRoute(message);
    if (named !== undefined) {
      if (named === this.#self) return this.#take(message, named);
      const isThere = this.#parts.members.reachable(named) !== undefined;
      // It is gone: what the token says is enough to go on. One member does it, so that it meets its own retransmission.
      return this.#isFor(message, hop, isThere ? [named] : [named, ...this.#owners(message, 'other')], named);
    }
    if (this.#parts.members.self.mode !== 'member' || this.#isHealthCheck(message)) {
      return this.#take(message, this.#self);
    }
    const { method } = message;
    const owners = this.#owners(message, method === 'CANCEL' || method === 'ACK' ? 'late' : 'other');
    const first = owners[0];
    if (first === undefined || (first === this.#self && owners.length === 1)) return this.#take(message, this.#self);
    return this.#isFor(message, hop, owners, this.#firstOf(message, owners, method));
  }

  /** The branch of an ACK or a CANCEL is that of its INVITE, which looked less far into the past. */
  #firstOf(message: SipMessage, owners: readonly string[], method: string): string {
    if (method !== 'ACK' && method !== 'CANCEL') return owners[0]!;
    return this.#owners(message, 'other')[0] ?? owners[0]!;
  }

  /** Whether it is worked on here; else it has been sent to the first of the list that can be reached. */
  #isFor(message: SipMessage, hop: Hop, list: readonly string[], branchOwner: string): boolean {
    if (list[0] !== this.#self && this.#work.knows(message)) return this.#take(message, branchOwner);
    return this.#passOn(message, hop, list, branchOwner) ? false : this.#take(message, branchOwner);
  }

  /** False: nobody of the list can be reached, or this member is the one. */
  #passOn(message: SipMessage, hop: Hop, list: readonly string[], branchOwner: string): boolean {
    const { members, relay } = this.#parts;
    for (const [at, token] of list.entries()) {
      const rest = at + 1 < list.length ? list.slice(at + 1) : none;
      if (token === this.#self) {
        if (rest.length === 0 || this.#work.knows(message)) return false;
        continue;
      }
      const member = members.reachable(token);
      if (member !== undefined && relay(message, hop, member, rest, branchOwner)) return true;
    }
    return false;
  }

  #take(message: SipMessage, branchOwner: string): true {
    this.#taken = message;
    this.#takenOwner = branchOwner;
    if (branchOwner !== this.#self && this.#parts.members.reachable(branchOwner) === undefined) {
      this.#parts.figures.takenOver++;
    }
    return true;
  }

  /** Those that the call's work belongs to, or belonged to a while ago. */
  #owners(message: SipMessage, kind: WorkKind): readonly string[] {
    const { set, mac, clock } = this.#parts;
    const hash = mac.begin().text(message.callId()).finish();
    const nowMs = clock.nowMs();
    if (!set.isSettled(nowMs)) return set.owners(hash, nowMs, kind);
    const owner = set.owner(hash);
    return owner === undefined ? none : [owner];
  }

  /** Who wrote the Route, or what a strict router made of it, that the request came by. */
  #memberOfRoute(message: SipMessage): string | undefined {
    if (message.has(HeaderId.Route)) {
      const routes = message.routes();
      const uri = routes instanceof Malformed ? undefined : routes[0]?.uri;
      const member = uri === undefined ? undefined : this.#memberOfUri(message, uri);
      if (member !== undefined) return member;
    }
    const uri = message.requestUri();
    return uri === undefined || uri.paramsText === '' ? undefined : this.#memberOfUri(message, uri);
  }

  #memberOfUri(message: SipMessage, uri: SipUri): string | undefined {
    const text = uri.param('hf');
    if (text === undefined) return undefined;
    const { tokens } = this.#parts;
    return (tokens.read(text, message.callId()) ?? tokens.read(text, PATH_SCOPE))?.member;
  }

  /**
   * "Does this very server live?": a Request-URI without a user, and at most one Route, that name an address of this
   * machine. OPTIONS to an address of the load balancer is answered by whoever gets it.
   */
  #isHealthCheck(message: SipMessage): boolean {
    const uri = message.requestUri();
    if (uri === undefined || uri.user !== undefined || !this.#isOwnAddress(uri)) return false;
    const { method } = message;
    const isProbe = method === 'OPTIONS' || method === 'OPTION';
    const isVirtual = this.#parts.members.self.virtualAddresses.includes(uri.host);
    if (isVirtual && !isProbe) return false;
    if (!message.has(HeaderId.Route)) return true;
    const routes = message.routes();
    const route = routes instanceof Malformed || routes.length > 1 ? undefined : routes[0]?.uri;
    return route !== undefined && this.#isOwnAddress(route);
  }

  #isOwnAddress({ host, port }: SipUri): boolean {
    return parseIpAddress(host) !== undefined && this.#parts.transport.isOwnAddress(host, port);
  }
}
