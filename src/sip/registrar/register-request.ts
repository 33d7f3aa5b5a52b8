import { HeaderId } from '../message/header-id.ts';
import { ownText } from '../message/characters.ts';
import { Malformed } from '../message/malformed.ts';
import type { NameAddr } from '../message/name-addr.ts';
import { ParamCursor } from '../message/params.ts';
import { qualityOf } from '../message/quality.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { SipUri } from '../message/sip-uri.ts';
import { isHidden, isOtherAddress } from '../proxy/nat.ts';
import type { Hop } from '../transport/hop.ts';
import type { BindingFlow } from './binding.ts';
import type { Answer } from './answer.ts';
import { registrarCaps } from './limits.ts';

/** One Contact of a REGISTER. */
export interface ContactChange {
  readonly uri: string;
  readonly params: string;
  readonly q: number;
  /** Seconds that are asked for; undefined = not said, neither here nor in Expires. 0 = remove it. */
  readonly expiresS: number | undefined;
  readonly instance: string;
  readonly regId: number;
}

/** What a REGISTER wants, without the message: it can be given to another member. */
export interface RegisterRequest {
  readonly callId: string;
  readonly cseq: number;
  /** Empty: it only asks which there are. `*`: remove all. */
  readonly contacts: readonly ContactChange[] | '*';
  readonly path: readonly string[];
  readonly flow: BindingFlow | undefined;
  readonly isBehindNat: boolean;
  readonly userAgent: string;
  /** The client wants RFC 5626. */
  readonly wantsOutbound: boolean;
}

const noPath: readonly string[] = Object.freeze([]);
const noContacts: readonly ContactChange[] = Object.freeze([]);
/** RFC 3261 §10.2.1.1: an expiry that cannot be read counts as one hour. */
const unreadableExpiresS = 3600;
const defaultPort = 5060;

/** Texts of the request are not copied: who keeps them does that. `isOurs`: whoever is called there is called by way of us. */
export function readRegister(
  request: SipMessage,
  hop: Hop,
  member: string,
  isOurs: (uri: SipUri) => boolean,
): RegisterRequest | Answer {
  const contacts = readContacts(request);
  if (contacts instanceof Malformed) return { status: 400, reason: `Bad Contact: ${contacts.reason}`, headers: [] };
  if (contacts === '*' && request.expires() !== 0) {
    return { status: 400, reason: 'Contact * needs Expires: 0', headers: [] };
  }
  if (contacts.length > registrarCaps.maxContactsOfRequest) {
    return {
      status: 403,
      reason: `Too many contacts, at most ${registrarCaps.maxContactsOfRequest} at once`,
      headers: [],
    };
  }
  const path = request.has(HeaderId.Path) ? request.elements(HeaderId.Path) : noPath;
  if (path.length > registrarCaps.maxPath) {
    return { status: 403, reason: `Path is longer than ${registrarCaps.maxPath} hops`, headers: [] };
  }
  if (contacts !== '*' && contacts.some(isLong)) return { status: 403, reason: 'Contact is too long', headers: [] };
  const pathChars = path.reduce((sum, hop) => sum + hop.length, 0);
  if (pathChars > registrarCaps.pathMaxChars || request.callId().length > registrarCaps.callIdMaxChars) {
    return { status: 403, reason: 'Path or Call-ID is too long', headers: [] };
  }
  const isDirect = request.count(HeaderId.Via) === 1 && !request.value(HeaderId.Via)?.includes(',');
  const { number: cseq } = request.cseq();
  return {
    callId: request.callId(),
    cseq,
    contacts,
    path,
    flow: isDirect ? flowOf(hop, member) : undefined,
    isBehindNat: isDirect && isBehindNat(request, hop, isOurs),
    userAgent: (request.value(HeaderId.UserAgent) ?? '').slice(0, registrarCaps.userAgentMaxChars),
    wantsOutbound: hasOption(request, 'outbound'),
  };
}

/** An option tag that the client says it supports. */
export function hasOption(request: SipMessage, tag: string): boolean {
  const value = request.value(HeaderId.Supported);
  if (value === undefined) return false;
  return value.includes(tag) && request.elements(HeaderId.Supported).some((one) => one.toLowerCase() === tag);
}

function isLong({ uri, params, instance }: ContactChange): boolean {
  return uri.length + params.length + instance.length > registrarCaps.contactMaxChars;
}

function readContacts(request: SipMessage): readonly ContactChange[] | '*' | Malformed {
  const contacts = request.contacts();
  if (contacts instanceof Malformed || contacts === '*') return contacts;
  if (contacts.length === 0) return noContacts;
  // Whoever is at a URI of another scheme is not called by us, only told of; one of ours must be sound.
  const bad = contacts.find(({ uri, uriText }) => uri === undefined && /^(?:sips?|tel):/i.test(uriText));
  if (bad !== undefined) return new Malformed('a bad URI', 0);
  const expires = request.has(HeaderId.Expires) ? (request.expires() ?? unreadableExpiresS) : undefined;
  return contacts.map((contact) => readContact(contact, expires));
}

function readContact(contact: NameAddr, expires: number | undefined): ContactChange {
  const cursor = new ParamCursor(contact.paramsText, 0, contact.paramsText.length);
  let params = '';
  let q = 1000;
  let expiresS = expires;
  let instance = '';
  let regId = 0;
  while (cursor.next()) {
    if (cursor.isNamed('expires')) expiresS = secondsOf(cursor.rawValue);
    else if (cursor.isNamed('q')) q = qualityOf(cursor.rawValue);
    else if (cursor.isNamed('+sip.instance')) instance = unquoted(cursor.rawValue);
    else if (cursor.isNamed('reg-id')) regId = regIdOf(cursor.rawValue);
    else if (cursor.isNamed('pub-gruu') || cursor.isNamed('temp-gruu')) continue;
    else params += `;${cursor.text.slice(cursor.nameStart, Math.max(cursor.nameEnd, cursor.valueEnd))}`;
  }
  return { uri: contact.uriText, params, q, expiresS, instance, regId };
}

function secondsOf(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : unreadableExpiresS;
}

function regIdOf(text: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text;
}

function flowOf(hop: Hop, member: string): BindingFlow {
  const { transport, remoteAddress: address, remotePort: port, socketId, connectionId, holder } = hop;
  return { member: holder?.name ?? member, transport, address, port, socketId, connectionId };
}

/**
 * It cannot be reached where its Contact says: its Via has another address than it came from, or another port though it
 * asked for that (RFC 3581 §4), or its Contact is hidden behind the address that it came from, or leads to the server itself.
 */
function isBehindNat(request: SipMessage, hop: Hop, isOurs: (uri: SipUri) => boolean): boolean {
  const via = request.topVia();
  if (via !== undefined) {
    if (isOtherAddress(via.host, hop.remoteAddress)) return true;
    // The far end of a stream has another port than the one that is listened on there.
    const isStream = hop.connectionId !== 0;
    if (!isStream && via.rport !== undefined && (via.port ?? defaultPort) !== hop.remotePort) return true;
  }
  const contacts = request.contacts();
  if (contacts === '*' || contacts instanceof Malformed) return false;
  return contacts.some(({ uri }) => {
    if (uri === undefined || uri.host === hop.remoteAddress) return false;
    return isHidden(uri.host, hop.remoteAddress) || isOurs(uri);
  });
}

/** Copies, so that a binding does not keep its message alive. */
export function ownContact(contact: ContactChange): ContactChange {
  const { uri, params, instance } = contact;
  return { ...contact, uri: ownText(uri), params: ownText(params), instance: ownText(instance) };
}
