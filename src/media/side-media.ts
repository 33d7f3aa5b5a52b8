import type { Direction, MediaDescription } from './sdp/media-description.ts';
import type { SessionDescription } from './sdp/session-description.ts';
import {
  carriersOf,
  controlAddressOf,
  isDeaf,
  isRelayable,
  mediaAddressOf,
  transportOf,
} from './sdp/stream-address.ts';
import type { LearnRule, MediaAddress, SidePlan } from './relay/relay.ts';
import { isHidden, type PartyFacts, type RuleNetworks } from './relay-rules.ts';

/** One stream, as the latest description of a party has it. */
export interface SideStream {
  readonly media: string;
  readonly kind: 'rtp' | 'udp';
  readonly remote: MediaAddress | undefined;
  readonly remoteControl: MediaAddress | undefined;
  readonly learn: LearnRule;
  readonly isDeaf: boolean;
  readonly isMuxed: boolean;
  readonly direction: Direction;
}

/** What a party has said of its streams; undefined where one cannot be relayed or goes with another (`carriers`). */
export interface SideMedia {
  readonly streams: readonly (SideStream | undefined)[];
  /** See `carriersOf`. */
  readonly carriers: readonly number[];
}

export function sideMediaOf(
  sdp: SessionDescription,
  role: 'offer' | 'answer',
  party: PartyFacts,
  networks: RuleNetworks,
): SideMedia {
  const carriers = carriersOf(sdp, role);
  const streams = sdp.streams.map((stream, index) =>
    isRelayable(stream) && carriers[index] === index ? sideStream(stream, party, networks) : undefined,
  );
  return { streams, carriers };
}

function sideStream(stream: MediaDescription, party: PartyFacts, networks: RuleNetworks): SideStream {
  return {
    media: stream.media,
    kind: transportOf(stream.protocol) ?? 'udp',
    remote: mediaAddressOf(stream),
    remoteControl: stream.isMuxed ? undefined : controlAddressOf(stream),
    learn: learnRuleOf(stream, party, networks),
    isDeaf: isDeaf(stream),
    isMuxed: stream.isMuxed,
    direction: stream.direction,
  };
}

/**
 * Behind a NAT what the description says is of no use, but media most often come from where the signalling comes from; ICE
 * candidates tell more. Otherwise media come from the address that is named.
 */
function learnRuleOf(stream: MediaDescription, party: PartyFacts, networks: RuleNetworks): LearnRule {
  const named = mediaAddressOf(stream)?.address;
  const isNatted = party.isBehindNat || (named !== undefined && isHidden(named, party.address, networks));
  const candidates = stream.candidates.filter(({ isUdp }) => isUdp).map(({ address }) => address);
  const all = [...(named === undefined ? [] : [named]), ...candidates];
  if (isNatted || named === undefined) all.unshift(party.address);
  return {
    addresses: [...new Set(all)].filter((address) => address !== ''),
    isAnySourceAccepted: isNatted || named === undefined,
  };
}

const nothingLearnt: LearnRule = Object.freeze({ addresses: [], isAnySourceAccepted: false });

/** The plan for a party's half; `said` undefined: it has not spoken yet. */
export function sidePlan(said: SideStream | undefined, party: PartyFacts, local: MediaAddress): SidePlan {
  if (said === undefined) {
    const learn = party.address === '' ? nothingLearnt : { addresses: [party.address], isAnySourceAccepted: false };
    return { local, remote: undefined, remoteControl: undefined, learn, isDeaf: false };
  }
  const { remote, remoteControl, learn, isDeaf: deaf } = said;
  return { local, remote, remoteControl, learn, isDeaf: deaf };
}
