import { familyOf } from './sdp/connection.ts';
import type { CallFacts, RuleNetworks } from './relay-rules.ts';
import type { RelayPolicy } from './settings.ts';

/**
 * Whether what `a` offers needs no relay by the rules of `relayReason`, said without parsing it, as for most calls: nobody is
 * behind a NAT, both sides are in the LAN or both are not, and the description names no address but the one that its
 * message came from. False: parse it and ask.
 */
export function isDirectOffer(
  text: string,
  { a, b, isAskedFor }: CallFacts,
  policy: RelayPolicy,
  networks: RuleNetworks,
): boolean {
  if (policy === 'always' || isAskedFor || a.isBehindNat || b.isBehindNat) return false;
  if (a.address === '' || b.address === '') return false;
  return (
    familyOf(a.address) === familyOf(b.address) &&
    networks.isLan(a.address) === networks.isLan(b.address) &&
    namesOnly(text, a.address)
  );
}

/** Each c= line (RFC 4566 §5.7) of a description has this address, and there is one. */
function namesOnly(text: string, address: string): boolean {
  const value = `IN IP${address.includes(':') ? '6' : '4'} ${address}`;
  let at = text.indexOf('\nc=');
  if (at < 0) return false;
  for (; at >= 0; at = text.indexOf('\nc=', at + 1)) {
    const end = at + 3 + value.length;
    if (!text.startsWith(value, at + 3)) return false;
    const code = text.charCodeAt(end);
    if (code !== 0x0d && code !== 0x0a && end !== text.length) return false;
  }
  return true;
}
