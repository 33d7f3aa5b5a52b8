import type { Clock } from '#io';
import { HeaderId } from '../message/header-id.ts';
import type { InDialogPlaces } from '../message/in-dialog-places.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import { endedBy, type EndedCall } from '../proxy/ended-call.ts';
import { PATH_SCOPE, type FlowTokens } from '../proxy/flow-token.ts';
import type { InvitePlaces } from '../proxy/invite-places.ts';
import type { TokenPlaces } from '../proxy/token-places.ts';
import { VIA_MEMBER, type BranchCodec } from '../transaction/branch.ts';
import type { ShortMac } from '../transaction/short-mac.ts';
import type { Hop } from '../transport/hop.ts';
import type { AccountPlaces } from './account-places.ts';
import type { CallEnds } from './call-ends.ts';
import type { FarmSockets } from './farm.ts';
import type { FarmFigures } from './farm-figures.ts';
import type { FarmMember } from './farm-membership.ts';
import type { FarmSet, WorkKind } from './farm-set.ts';
import { frameLimits } from './frame-limits.ts';
import { isHealthCheck } from './health-check.ts';
import type { MemberTable } from './member-table.ts';
import type { KnownWork, OwnerLookup, WorkPlace } from './owner-lookup.ts';
import { toNamed, type RelayWay } from './parcel.ts';
import type { PassingOn } from './passing-on.ts';
import { RelayedHop } from './relayed-hop.ts';
import type { Standstill } from './standstill.ts';

export interface FarmRoutingParts {
  readonly clock: Clock;
  readonly members: MemberTable;
  readonly set: FarmSet;
  readonly branches: BranchCodec;
  readonly tokens: FlowTokens;
  readonly mac: ShortMac;
  readonly transport: Pick<FarmSockets, 'isOwnAddress' | 'isThisServer'>;
  readonly figures: FarmFigures;
  readonly standstill: Pick<Standstill, 'isStale'>;
  readonly passing: PassingOn;
  /** undefined: they cannot be told, so nobody passes on what ends their calls. */
  readonly ends: CallEnds | undefined;
  readonly accounts: AccountPlaces | undefined;
  /** Sends it to that member. False: it cannot be sent. */
  readonly relay: (message: SipMessage, hop: Hop, to: FarmMember, way: RelayWay) => boolean;
  /** A request by UDP that is to be answered is about to be worked on here; another member may have accepted it. */
  readonly answering: (isRelayed: boolean, request: SipMessage) => void;
  /** Plain requests may be answered here, though `answering` is not asked. */
  readonly answersPlain: () => boolean;
  /** The same of one that was not read. */
  readonly relayBytes: (bytes: Buffer, hop: Hop, to: FarmMember, way: RelayWay) => boolean;
}

const none: readonly string[] = Object.freeze([]);

/**
 * Finds whose work a message is. Whoever receives it from outside makes the list of those who may have its transaction, the
 * likeliest first; the message goes from one to the next until one has it, or to the last. With the farm as it was for half
 * a minute the list has one name. Who is the last, has no such transaction, and knows of a better owner (one of us has not
 * heard of a change yet) passes it on to that one; after a few hops it stays where it is, so nothing goes round.
 */
export class FarmRouting implements OwnerLookup {
  readonly #parts: FarmRoutingParts;
  readonly #self: string;
  #work: KnownWork = {
    knows: () => false,
    knowsBranch: () => false,
    callEnded: () => undefined,
    answeredElsewhere: () => undefined,
  };

  constructor(parts: FarmRoutingParts) {
    this.#parts = parts;
    this.#self = parts.members.self.token;
  }

  connect(work: KnownWork): void {
    this.#work = work;
  }

  /** What this member has, and counts. */
  get work(): KnownWork {
    return this.#work;
  }

  placeOf(message: SipMessage, hop: Hop): WorkPlace {
    const { figures, members } = this.#parts;
    // What came by a connection is never sent again: better late than never.
    if (!members.isAlone && this.#isOverdue(hop)) {
      figures.overdue++;
      return 'nowhere';
    }
    if (hop instanceof RelayedHop) {
      const isTaken = this.#takesRelayed(message, hop);
      if (isTaken) this.#look(message, hop, true);
      return hereIf(isTaken);
    }
    figures.received++;
    if (members.isAlone) {
      figures.here++;
      return 'here';
    }
    const place = message.isRequest ? this.#placeOfRequest(message, hop) : hereIf(this.#takesResponse(message, hop));
    if (place === 'elsewhere') figures.relayedOut++;
    else figures.here++;
    if (place === 'here') this.#look(message, hop, false);
    return place;
  }

  /** As `placeOf`, of what is read from its bytes. */
  passesOn(request: InDialogPlaces, token: TokenPlaces, hop: Hop, end: EndedCall | undefined): boolean {
    const { figures, members, ends, passing } = this.#parts;
    if (!members.isAlone) {
      const name = request.bytes.toString('latin1', token.memberStart, token.memberEnd);
      const member = name === this.#self ? members.self : members.reachable(name);
      if (member === undefined || members.self.mode !== 'member' || ends === undefined || this.#isOverdue(hop))
        return false;
      if (!passing.allowsPlain(request, token)) return false;
      if (member !== members.self && end !== undefined) ends.tell(member, end);
    }
    figures.received++;
    figures.here++;
    return true;
  }

  passesBack(hop: Hop): boolean {
    const { figures, members } = this.#parts;
    if (!members.isAlone && this.#isOverdue(hop)) return false;
    figures.received++;
    figures.here++;
    return true;
  }

  #isOverdue(hop: Hop): boolean {
    return hop.transport === 'udp' && this.#parts.standstill.isStale(hop.receivedMs);
  }

  placeOfPlain(bytes: Buffer, hop: Hop, aor?: string): 'here' | 'elsewhere' | undefined {
    const { members, accounts, figures, relayBytes, answersPlain } = this.#parts;
    if (members.isAlone) return 'here';
    if (!answersPlain() || this.#isOverdue(hop)) return undefined;
    if (hop instanceof RelayedHop) return hop.isNamed && hop.rest.length === 0 ? 'here' : undefined;
    if (members.self.mode !== 'member') return 'here';
    if (accounts === undefined || !members.self.isInFarm) return undefined;
    if (aor === undefined) return 'here';
    const name = accounts.ownerOf(aor);
    const member = name === undefined ? undefined : members.byName(name);
    if (member === members.self) return 'here';
    const other = member?.isInFarm === true ? members.reachable(member.token) : undefined;
    if (other === undefined || !relayBytes(bytes, hop, other, toNamed)) return undefined;
    figures.received++;
    figures.relayedOut++;
    return 'elsewhere';
  }

  /** As `placeOf`, of an INVITE that begins a call and is read from its bytes. Only while the farm is as it was for minutes. */
  takesInvite({ bytes, callIdStart, callIdEnd }: InvitePlaces, hop: Hop): boolean {
    const { members, set, mac, clock, answersPlain } = this.#parts;
    if (!members.isAlone) {
      if (!answersPlain() || this.#isOverdue(hop) || members.self.mode !== 'member') return false;
      if (hop instanceof RelayedHop && hop.rest.length > 0) return false;
      const hash = mac.begin().bytes(bytes, callIdStart, callIdEnd).finish();
      if (!set.isSettled(clock.nowMs()) || set.owner(hash) !== this.#self) return false;
    }
    this.countPlain(hop);
    return true;
  }

  countPlain(hop: Hop): void {
    const { figures } = this.#parts;
    if (hop instanceof RelayedHop) {
      figures.relayedIn++;
      return;
    }
    figures.received++;
    figures.here++;
  }

  tokenOf(memberName: string): string | undefined {
    return this.#parts.members.byName(memberName)?.token;
  }

  #look(message: SipMessage, { transport }: Hop, isRelayed: boolean): void {
    const { isRequest, method } = message;
    if (isRequest && transport === 'udp' && method !== 'ACK' && method !== 'CANCEL') {
      this.#parts.answering(isRelayed, message);
    }
  }

  #takesRelayed(message: SipMessage, hop: RelayedHop): boolean {
    const { figures } = this.#parts;
    figures.relayedIn++;
    if (this.#work.knows(message) || hop.path.length > frameLimits.maxHops) return true;
    const way = hop.rest.length > 0 ? { rest: hop.rest, isNamed: hop.isNamed } : this.#better(message, hop);
    if (way === undefined || !this.#passOn(message, hop, way.rest, { isNamed: way.isNamed, path: hop.path }))
      return true;
    figures.secondHops++;
    return false;
  }

  /**
   * As the last of a list, of a request that is new here: those that this member takes for its owners, if it is none itself
   * and they have not passed it on. undefined: it stays here; a member that is leaving the farm rather gives it back.
   */
  #better(message: SipMessage, { isNamed, path }: RelayedHop): Omit<RelayWay, 'path'> | undefined {
    if (isNamed || !message.isRequest) return undefined;
    const owners = this.#owners(message, kindOf(message));
    const present = owners.at(-1);
    if (present === undefined || present === this.#self) return undefined;
    if (!path.includes(present)) {
      return { rest: owners.filter((token) => token !== this.#self && !path.includes(token)), isNamed: false };
    }
    return this.#parts.members.self.isInFarm ? undefined : { rest: [present], isNamed: true };
  }

  #takesResponse(message: SipMessage, hop: Hop): boolean {
    // Most often this member has sent the request itself.
    if (this.#work.knows(message)) return true;
    const via = message.topVia();
    // Not an answer to us (RFC 3261 §18.1.2): whoever drops it.
    if (via?.branch === undefined || this.#parts.branches.decode(via.branch) === undefined) return true;
    const named = via.param(VIA_MEMBER);
    // Nobody waits for it: its request was passed on without a transaction.
    if (named === undefined) return true;
    const owners = this.#owners(message, 'late');
    const list = [named, ...owners.filter((token) => token !== named)];
    return this.#isFor(message, hop, list, true);
  }

  #placeOfRequest(message: SipMessage, hop: Hop): WorkPlace {
    const { members } = this.#parts;
    const named = this.#memberOfRoute(message);
    if (named !== undefined) {
      const member = named === this.#self ? members.self : members.reachable(named);
      // It is gone: what the token says is enough to go on. One member does it, so that it meets its own retransmission.
      if (member === undefined) return hereIf(this.#isFor(message, hop, this.#owners(message, kindOf(message)), false));
      if (this.#passesOn(message, hop, member)) return 'anywhere';
      return hereIf(member === members.self || this.#isFor(message, hop, [named], true));
    }
    if (members.self.mode !== 'member' || isHealthCheck(message, this.#parts.transport)) return 'here';
    const owner = this.#ownerOfAccount(message);
    if (owner === this.#self) return 'here';
    if (owner !== undefined) return hereIf(this.#isFor(message, hop, [owner], true));
    return hereIf(this.#isFor(message, hop, this.#owners(message, kindOf(message)), false));
  }

  /** Whether it is passed on from here, whoever has set the dialog up; that member learns of the end of its call. */
  #passesOn(message: SipMessage, hop: Hop, member: FarmMember): boolean {
    const { members, ends, passing } = this.#parts;
    if (members.self.mode !== 'member' || ends === undefined || !passing.allows(message, hop)) return false;
    if (member !== members.self && message.method === 'BYE') ends.tell(member, endedBy(message));
    return true;
  }

  /** Who answers what is about an account, as far as that is not the owner of the Call-ID. */
  #ownerOfAccount(message: SipMessage): string | undefined {
    const { members, accounts } = this.#parts;
    if (accounts === undefined || !members.self.isInFarm || message.has(HeaderId.Route)) return undefined;
    const place = accounts.placeOf(message);
    if (place === undefined || place === 'anybody') return place && this.#self;
    const member = members.byName(place);
    if (member === members.self) return this.#self;
    return member?.isInFarm === true ? members.reachable(member.token)?.token : undefined;
  }

  /** Whether it is worked on here; else it has been sent to the first of the list that can be reached. */
  #isFor(message: SipMessage, hop: Hop, list: readonly string[], isNamed: boolean): boolean {
    if (list.length === 0 || (list.length === 1 && list[0] === this.#self)) return true;
    if (list[0] !== this.#self && this.#work.knows(message)) return true;
    if (this.#passOn(message, hop, list, { isNamed, path: none })) return false;
    if (list[0] !== this.#self) this.#parts.figures.takenOver++;
    return true;
  }

  /** False: nobody of the list can be reached, or this member is the one. */
  #passOn(message: SipMessage, hop: Hop, list: readonly string[], { isNamed, path }: Omit<RelayWay, 'rest'>): boolean {
    const { members, relay } = this.#parts;
    for (const [at, token] of list.entries()) {
      const rest = at + 1 < list.length ? list.slice(at + 1) : none;
      if (token === this.#self) {
        if (rest.length === 0 || this.#work.knows(message)) return false;
        continue;
      }
      const member = members.reachable(token);
      if (member !== undefined && relay(message, hop, member, { rest, isNamed, path })) return true;
    }
    return false;
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
}

const hereIf = (isHere: boolean): WorkPlace => (isHere ? 'here' : 'elsewhere');

/** The INVITE of a CANCEL or an ACK may have come long ago. */
const kindOf = ({ method }: SipMessage): WorkKind => (method === 'CANCEL' || method === 'ACK' ? 'late' : 'other');
