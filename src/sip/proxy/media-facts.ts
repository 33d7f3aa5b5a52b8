import type { CallFacts } from '#media';
import { Malformed } from '../message/malformed.ts';
import type { Target } from '../transport/target.ts';
import type { Incoming } from './incoming.ts';
import { isReachedByFlow } from './nat.ts';
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

function isSenderBehindNat({ message, hop, via }: Incoming): boolean {
  if (!isReachedByFlow(message, hop, via)) return false;
  const contacts = message.contacts();
  const uri = contacts === '*' || contacts instanceof Malformed ? undefined : contacts[0]?.uri;
  return via.host !== hop.remoteAddress || (uri !== undefined && uri.host !== hop.remoteAddress);
}
