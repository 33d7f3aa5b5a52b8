import type { CallFacts } from '#media';
import type { Target } from '../transport/target.ts';
import type { Incoming } from './incoming.ts';
import type { ProxyTarget } from './target-set.ts';

/** What the signalling says of both sides of a request that leaves to `hop`. */
export function callFactsOf(incoming: Incoming, target: ProxyTarget, hop: Target): CallFacts {
  const isFlowNeeded = target.isReachedByFlow || incoming.flow !== undefined;
  return {
    a: { address: incoming.hop.remoteAddress, isBehindNat: isSenderBehindNat(incoming) },
    // A telephone that asks for its flow (`ob`), and says the address that it has, is behind nothing.
    b: { address: hop.address, isBehindNat: isFlowNeeded && target.uri.host !== hop.address },
    isAskedFor: false,
    isUnderWay: incoming.isInDialog,
  };
}

function isSenderBehindNat({ hop, via, contact, isSenderReachedByFlow }: Incoming): boolean {
  if (!isSenderReachedByFlow) return false;
  return via.host !== hop.remoteAddress || (contact !== undefined && contact.host !== hop.remoteAddress);
}
