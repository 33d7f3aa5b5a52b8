import { ownText } from '../message/characters.ts';
import { sameContactUri } from './contact-uri.ts';
import type { Binding } from './binding.ts';
import type { RegistrarSettings } from './limits.ts';
import { ownContact, type ContactChange, type RegisterRequest } from './register-request.ts';

export type RegisterOutcome =
  | {
      readonly kind: 'bindings';
      readonly bindings: readonly Binding[];
      /** Those that must be in the store before the answer; false: only times went on, which the store's still cover. */
      readonly needsStore: boolean;
    }
  /** 423 */
  | { readonly kind: 'tooBrief' }
  /** A request of before: RFC 3261 §10.3 step 7. */
  | { readonly kind: 'outOfOrder' }
  | { readonly kind: 'tooMany'; readonly max: number }
  /** 400 */
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * RFC 3261 §10.3 steps 6 and 7, RFC 5626 §6: what the bindings of an account are after a REGISTER; all of it, or nothing.
 * `current` has no expired ones.
 */
export function applyRegister(
  current: readonly Binding[],
  request: RegisterRequest,
  nowS: number,
  settings: RegistrarSettings,
  maxContacts: number,
): RegisterOutcome {
  const { contacts, callId, cseq } = request;
  if (contacts === '*') {
    if (current.some((binding) => isOlder(binding, callId, cseq))) return { kind: 'outOfOrder' };
    return { kind: 'bindings', bindings: [], needsStore: current.length > 0 };
  }
  if (contacts.length === 0) return { kind: 'bindings', bindings: current, needsStore: false };
  const flows = contacts.filter((contact) => isByFlow(contact, request) && contact.expiresS !== 0);
  if (flows.length > 1) return { kind: 'bad', reason: 'Only one Contact with reg-id at once' };

  const bindings = [...current];
  let needsStore = false;
  for (const contact of contacts) {
    const at = placeOf(contact, bindings, request);
    const before = bindings[at];
    // One that this very request has made is not older than it: of the same contact twice the last one counts.
    if (before !== undefined && current.includes(before) && isOlder(before, callId, cseq))
      return { kind: 'outOfOrder' };
    const asked = contact.expiresS ?? settings.defaultExpiresS;
    if (asked === 0) {
      if (at < 0) continue;
      bindings.splice(at, 1);
      needsStore = true;
      continue;
    }
    if (asked < settings.minExpiresS) return { kind: 'tooBrief' };
    const grantedS = Math.min(asked, settings.maxExpiresS);
    const after = before === undefined ? undefined : refreshed(before, contact, request, nowS, grantedS);
    if (after !== undefined) {
      bindings[at] = after;
      continue;
    }
    needsStore = true;
    const made = newBinding(contact, request, nowS, grantedS);
    if (at < 0) bindings.push(made);
    else bindings[at] = made;
  }
  if (bindings.length > Math.max(maxContacts, current.length)) return { kind: 'tooMany', max: maxContacts };
  return { kind: 'bindings', bindings, needsStore };
}

/** RFC 5626 §6: a client with outbound is known by its instance and flow, not by its address. */
function isByFlow(contact: ContactChange, request: RegisterRequest): boolean {
  return request.wantsOutbound && contact.regId > 0 && contact.instance !== '';
}

/** Which binding a contact means; -1 = none. By address, one that is known by its address goes before a flow. */
function placeOf(contact: ContactChange, bindings: readonly Binding[], request: RegisterRequest): number {
  const { uri, instance, regId } = contact;
  if (isByFlow(contact, request)) {
    return bindings.findIndex((binding) => binding.regId === regId && binding.instance === instance);
  }
  const plain = bindings.findIndex((binding) => binding.regId === 0 && sameContactUri(binding.uri, uri));
  return plain >= 0 ? plain : bindings.findIndex((binding) => sameContactUri(binding.uri, uri));
}

/** The request was made before the one that made this binding. The same number again is a request that came twice. */
function isOlder(binding: Binding, callId: string, cseq: number): boolean {
  return binding.callId === callId && binding.cseq >= cseq;
}

/**
 * The binding with its time prolonged, where nothing else changed and the store keeps it long enough; else undefined.
 * That Call-ID and CSeq went on is not worth a write: after a restart a late request of before could at worst bring
 * back a time that is still kept.
 */
function refreshed(
  before: Binding,
  contact: ContactChange,
  request: RegisterRequest,
  nowS: number,
  grantedS: number,
): Binding | undefined {
  const expiresAtS = nowS + grantedS;
  if (expiresAtS > before.keptUntilS) return undefined;
  if (before.uri !== contact.uri || before.params !== contact.params || before.q !== contact.q) return undefined;
  if (before.instance !== contact.instance || before.regId !== regIdOf(contact, request)) return undefined;
  if (before.isBehindNat !== request.isBehindNat || before.userAgent !== request.userAgent) return undefined;
  if (!isSamePath(before.path, request.path) || !isSameFlow(before, request)) return undefined;
  const callId = before.callId === request.callId ? before.callId : ownText(request.callId);
  return { ...before, flow: request.flow, expiresAtS, grantedS, callId, cseq: request.cseq };
}

function newBinding(contact: ContactChange, request: RegisterRequest, nowS: number, grantedS: number): Binding {
  const { uri, params, q, instance } = ownContact(contact);
  return {
    uri,
    params,
    q,
    expiresAtS: nowS + grantedS,
    grantedS,
    // Refreshes within half of this time need no write.
    keptUntilS: nowS + 2 * grantedS,
    callId: ownText(request.callId),
    cseq: request.cseq,
    instance,
    regId: regIdOf(contact, request),
    path: request.path.map(ownText),
    flow: request.flow,
    isBehindNat: request.isBehindNat,
    userAgent: ownText(request.userAgent),
  };
}

function regIdOf(contact: ContactChange, request: RegisterRequest): number {
  return isByFlow(contact, request) ? contact.regId : 0;
}

function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((hop, at) => hop === b[at]);
}

/**
 * A connection of another number is another way, though its ends may be the same: other members send by its number. From
 * which port a datagram came, and by which member's socket, is no way where the Contact is.
 */
function isSameFlow({ flow: a, regId }: Binding, { flow: b, isBehindNat }: RegisterRequest): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.transport === 'udp' && b.transport === 'udp' && !isBehindNat && regId === 0) return true;
  return (
    a.port === b.port &&
    a.address === b.address &&
    a.transport === b.transport &&
    a.socketId === b.socketId &&
    a.connectionId === b.connectionId &&
    a.member === b.member
  );
}
