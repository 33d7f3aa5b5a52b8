import { isIpAddress, parseIpAddress } from '#base';
import { HeaderId } from '../message/header-id.ts';
import { Malformed } from '../message/malformed.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import type { Via } from '../message/via.ts';
import type { Hop } from '../transport/hop.ts';

/**
 * The sender cannot be reached at the address that its Contact names, only on the flow that this message came by: it is
 * behind a NAT, speaks WebSocket (RFC 7118 §5), or asks for it (`ob`, RFC 5626 §5.3). By TLS hardly any telephone takes
 * connections: that would need a certificate.
 */
export function isReachedByFlow(message: SipMessage, hop: Hop, via: Via): boolean {
  if (hop.transport === 'ws' || hop.transport === 'wss') return true;
  // Behind another proxy: that one knows how its client is reached.
  if (message.has(HeaderId.RecordRoute)) return false;
  if (hop.transport === 'tls') return true;
  if (isOtherAddress(via.host, hop.remoteAddress)) return true;
  const uri = contactOf(message);
  return uri !== undefined && (isHidden(uri.host, hop.remoteAddress) || uri.has('ob'));
}

/** The URI of its first Contact; undefined: there is none that can be used. */
export function contactOf(message: SipMessage): SipUri | undefined {
  const contacts = message.contacts();
  return contacts === '*' || contacts instanceof Malformed ? undefined : contacts[0]?.uri;
}

/**
 * A Contact that cannot be reached from here: a private address, or none at all, of somebody whose messages come from a
 * public one. Another address of the same kind is taken for what it says: a server may speak for a telephone elsewhere.
 */
export function isHidden(contactHost: string, source: string): boolean {
  if (contactHost === source) return false;
  if (contactHost.endsWith('.invalid')) return true;
  if (!looksLikeAddress(contactHost)) return false;
  const contact = parseIpAddress(contactHost);
  const from = parseIpAddress(source);
  return contact !== undefined && from !== undefined && isPrivate(contact) && !isPrivate(from);
}

/** RFC 1918, RFC 6598, RFC 3927, loopback; RFC 4193 and link-local for IPv6. */
function isPrivate(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 16)
    return (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80) || isOne(bytes);
  if (first === 10 || first === 127) return true;
  if (first === 172) return second >= 16 && second < 32;
  if (first === 192) return second === 168;
  if (first === 169) return second === 254;
  return first === 100 && second >= 64 && second < 128;
}

/** ::1 */
function isOne(bytes: Uint8Array): boolean {
  return bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** `host` is an address, and not that one. A name may be anything. */
export function isOtherAddress(host: string, address: string): boolean {
  return host !== address && looksLikeAddress(host) && isIpAddress(host);
}

function looksLikeAddress(host: string): boolean {
  const last = host.charCodeAt(host.length - 1);
  return host.includes(':') || (last >= 0x30 && last <= 0x39);
}
