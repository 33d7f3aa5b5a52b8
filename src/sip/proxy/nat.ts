import { parseIpAddress } from '#base';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Via } from '../message/via.ts';
import type { Hop } from '../transport/hop.ts';

/**
 * The sender cannot be reached at the address that its Contact names, only on the flow that this message came by: it is
 * behind a NAT, speaks WebSocket (RFC 7118 §5), or asks for it (`ob`, RFC 5626 §5.3).
 */
export function isReachedByFlow(message: SipMessage, hop: Hop, via: Via): boolean {
  if (hop.transport === 'ws' || hop.transport === 'wss') return true;
  // Behind another proxy: that one knows how its client is reached.
  if (message.has(HeaderId.RecordRoute)) return false;
  if (isOtherAddress(via.host, hop.remoteAddress)) return true;
  const contacts = message.contacts();
  const uri = Array.isArray(contacts) ? contacts[0]?.uri : undefined;
  if (uri === undefined) return false;
  return uri.host.endsWith('.invalid') || isOtherAddress(uri.host, hop.remoteAddress) || uri.has('ob');
}

/** `host` is an address, and not that one. A name may be anything. */
function isOtherAddress(host: string, address: string): boolean {
  return host !== address && looksLikeAddress(host) && parseIpAddress(host) !== undefined;
}

function looksLikeAddress(host: string): boolean {
  const last = host.charCodeAt(host.length - 1);
  return host.includes(':') || (last >= 0x30 && last <= 0x39);
}
