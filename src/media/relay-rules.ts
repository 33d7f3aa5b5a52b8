import { familyOf } from './sdp/connection.ts';
import type { SessionDescription } from './sdp/session-description.ts';
import { isRelayable, mediaAddressOf } from './sdp/stream-address.ts';
import type { RelayPolicy } from './settings.ts';
import type { RelaySide } from './relay/relay.ts';

/** What is known of one side of a call from its signalling. */
export interface PartyFacts {
  /** Where its SIP messages come from, or go to. */
  readonly address: string;
  /** It can be reached on its flow only. */
  readonly isBehindNat: boolean;
}

export interface CallFacts {
  readonly a: PartyFacts;
  readonly b: PartyFacts;
  /** Whoever routes the call wants its media here. */
  readonly isAskedFor: boolean;
  /** It began without us, most often at a member that has died: its sides know descriptions that are not known here. */
  readonly isUnderWay: boolean;
}

/** Why the media of a call are relayed. */
export type RelayReason = 'always' | 'asked' | 'families' | 'nat' | 'lan-wan';

export const relayReasons: readonly RelayReason[] = ['always', 'asked', 'families', 'nat', 'lan-wan'];

export interface RuleNetworks {
  isLan(address: string): boolean;
  /** Not reached from the Internet, whatever is LAN here. */
  isPrivate(address: string): boolean;
}

export const otherSide = (side: RelaySide): RelaySide => (side === 'a' ? 'b' : 'a');

/**
 * Whether the media that `from` offers need the relay: one side is in the LAN and the other outside, one is behind a NAT
 * (unless both are behind the same one), they speak different families of addresses, or somebody asked for it. undefined: no.
 */
export function relayReason(
  from: RelaySide,
  offer: SessionDescription,
  facts: CallFacts,
  policy: RelayPolicy,
  networks: RuleNetworks,
): RelayReason | undefined {
  if (policy === 'never' || !offer.streams.some(isRelayable)) return undefined;
  if (policy === 'always') return 'always';
  const offerer = facts[from];
  const answerer = facts[otherSide(from)];
  if (haveOtherFamilies(offer, answerer.address)) return 'families';
  const place = placeOf(offerer, offer, networks);
  if (isAcrossNat(offerer, offer, answerer, networks)) return 'nat';
  if (place !== '' && answerer.address !== '' && networks.isLan(place) !== networks.isLan(answerer.address)) {
    return 'lan-wan';
  }
  return facts.isAskedFor ? 'asked' : undefined;
}

/** Where the media of a party come from, as seen from here: what its description says, unless that is behind a NAT. */
export function placeOf(party: PartyFacts, sdp: SessionDescription | undefined, networks: RuleNetworks): string {
  const named = sdp === undefined ? undefined : addressesOf(sdp)[0];
  if (named === undefined || party.isBehindNat || isHidden(named, party.address, networks)) return party.address;
  return named;
}

/** A private address of somebody whose messages come from a public one. */
export function isHidden(named: string, signalled: string, networks: RuleNetworks): boolean {
  return signalled !== '' && named !== signalled && networks.isPrivate(named) && !networks.isPrivate(signalled);
}

function isAcrossNat(
  offerer: PartyFacts,
  offer: SessionDescription,
  answerer: PartyFacts,
  networks: RuleNetworks,
): boolean {
  if (offerer.address === answerer.address) return false;
  const isOffererHidden = addressesOf(offer).some((named) => isHidden(named, offerer.address, networks));
  return offerer.isBehindNat || answerer.isBehindNat || isOffererHidden;
}

function haveOtherFamilies(offer: SessionDescription, other: string): boolean {
  const family = familyOf(other);
  return family !== 0 && addressesOf(offer).some((named) => familyOf(named) !== family);
}

/** Of streams that can be relayed, those that are addresses. */
function addressesOf(sdp: SessionDescription): readonly string[] {
  return sdp.streams.filter(isRelayable).flatMap((stream) => mediaAddressOf(stream)?.address ?? []);
}
