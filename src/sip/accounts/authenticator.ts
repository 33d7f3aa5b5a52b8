import { equalTextConstantTime, hashHex, type LoginGuard } from '#base';
import type { Clock } from '#io';
import { fromWireText } from '../message/characters.ts';
import type { DigestCredentials } from '../message/digest.ts';
import { HeaderId } from '../message/header-id.ts';
import type { SipMessage } from '../message/sip-message.ts';
import type { Hop } from '../transport/hop.ts';
import type { Account } from './account.ts';
import { digestAlgorithms, digestResponse, methodHash, type DigestAlgorithm } from './digest.ts';
import type { AccountDirectory } from './directory.ts';
import type { NonceMaker, NonceVerdict } from './nonce.ts';
import { NonceWindow } from './nonce-window.ts';
import { foreignNonceS } from './settings.ts';
import type { UserHashes } from './user-hashes.ts';

/** `www`: who wants something of this server (401). `proxy`: who wants something of others by it (407). */
export type ChallengeKind = 'www' | 'proxy';

export type AuthVerdict =
  | { readonly kind: 'ok'; readonly account: Account }
  | {
      readonly kind: 'challenge';
      readonly status: 401 | 407;
      readonly headers: readonly (readonly [id: HeaderId, value: string])[];
      /** The password was right, the nonce too old or used. */
      readonly isStale: boolean;
    }
  | { readonly kind: 'refused'; readonly status: 403; readonly reason: string };

export interface AuthenticatorOptions {
  readonly directory: Pick<AccountDirectory, 'domain' | 'find'>;
  readonly guard: LoginGuard;
  readonly nonces: NonceMaker;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Nonces that were made here may be used at other members first. */
  readonly isOneOfMany?: boolean;
  /** In the order in which they are offered, best first (RFC 8760 §2.4). */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Who telephones are that say only the hash of their user; absent: it is not offered to them. */
  readonly userHashes?: Pick<UserHashes, 'userOf'>;
}

export interface AuthCounters {
  accepted: number;
  /** Requests without credentials, or with those of another realm. */
  challenged: number;
  stale: number;
  /** Wrong passwords and unknown users. */
  failed: number;
  /** Not looked at: their address or user is banned. */
  banned: number;
}

type KnownNonce = Extract<NonceVerdict, { readonly kind: 'known' }>;

/** HA2 of requests that look alike, each (method, URI); forgotten all at once when there are more. */
const maxMethodHashes = 4096;
const beyondAscii = /[\u0080-\u00ff]/;
const counts = /^[0-9a-fA-F]{8}$/;
/** In the place of the hash of a user that there is not: it takes as long to compare. */
const noHa1 = '0'.repeat(32);

/** Digest authentication (RFC 8760, RFC 7616, RFC 3261 §22), at once: nothing is waited for. */
export class Authenticator {
  readonly counters: AuthCounters = { accepted: 0, challenged: 0, stale: 0, failed: 0, banned: 0 };
  readonly #options: AuthenticatorOptions;
  readonly window = new NonceWindow();
  readonly #methodHashes = new Map<string, string>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** `realm`: a domain of this server, or an alias of one; absent: that of To for a REGISTER, of From for all others. */
  verify(request: SipMessage, hop: Pick<Hop, 'remoteAddress'>, kind: ChallengeKind, realm?: string): AuthVerdict {
    const { directory, guard } = this.#options;
    const host = realm ?? (request.method === 'REGISTER' ? request.to() : request.from()).uri?.host ?? '';
    const domain = directory.domain(host)?.name;
    if (domain === undefined) return { kind: 'refused', status: 403, reason: 'Not a domain of this server' };
    const id = kind === 'www' ? HeaderId.Authorization : HeaderId.ProxyAuthorization;
    const credentials = request.authorizations(id).find((one) => one.realm === domain && this.#offers(one.algorithm));
    if (credentials === undefined) {
      this.counters.challenged++;
      return this.#challenge(request, kind, domain, false);
    }
    const given = this.#userOf(credentials, domain);
    // What some servers call ha1b: the user with its domain. No user has an @.
    const isLong = given.endsWith(`@${domain}`);
    const user = isLong ? given.slice(0, -domain.length - 1) : given;
    const name = `${user}@${domain}`;
    if (guard.ask(hop.remoteAddress, name).kind === 'refuse') {
      this.counters.banned++;
      return { kind: 'refused', status: 403, reason: 'Too many failed attempts, try again later' };
    }
    const { nonce = '' } = credentials;
    const { nonces, clock } = this.#options;
    const known = nonces.check(nonce, domain, clock.wallMs());
    // Nothing was proven with a nonce that is not ours, and nothing is told by the answer to it.
    if (known.kind === 'forged') return this.#stale(request, kind, domain);
    const account = directory.find(user, domain);
    const proof = proofOf(account?.user === user ? account : undefined, credentials, isLong);
    const count = this.#provenCount(request, credentials, proof);
    if (count === undefined || account === undefined) {
      this.counters.failed++;
      guard.failed(hop.remoteAddress, name);
      return this.#challenge(request, kind, domain, false);
    }
    if (known.isExpired) return this.#stale(request, kind, domain);
    if (!this.#isFirstUse(known, nonce, count, request.callId())) return this.#stale(request, kind, domain);
    guard.succeeded(hop.remoteAddress, name);
    if (!account.isEnabled) return { kind: 'refused', status: 403, reason: 'Account is disabled' };
    this.counters.accepted++;
    return { kind: 'ok', account };
  }

  /**
   * In a farm the challenge may come from another member than the one that its answer goes to, and that all later ones go to:
   * what is first used at once is followed from then on.
   */
  #isFirstUse(known: KnownNonce, nonce: string, count: number, callId: string): boolean {
    const { nonces, isOneOfMany = false } = this.#options;
    const { issuer, ageS, sequence, call } = known;
    if (issuer === nonces.issuer) {
      const mayBeUsedElsewhere = isOneOfMany && !isAtOnce(ageS, count) && !this.window.hasOwn(sequence);
      return !mayBeUsedElsewhere && this.window.useOwn(sequence, nonces.sequence, count);
    }
    const isFollowed = isAtOnce(ageS, count) || this.window.hasForeign(nonce);
    return isFollowed && call === nonces.callMark(callId) && this.window.useForeign(nonce, count);
  }

  /** The count (`nc`) of credentials whose digest is right; undefined = it is not. */
  #provenCount(request: SipMessage, credentials: DigestCredentials, proof: string): number | undefined {
    const { response = '', uri = '', nonce = '', nc = '', cnonce = '' } = credentials;
    const qop = credentials.qop === undefined ? undefined : qopOf(credentials.qop);
    if (credentials.qop !== undefined && (qop === undefined || !counts.test(nc))) return undefined;
    const { hash } = rowOf(credentials);
    const input = { nonce, uri: inUtf8(uri), qop, nc, cnonce: inUtf8(cnonce) };
    const ha2 =
      qop === 'auth-int'
        ? methodHash(hash, request.method, input.uri, hashHex(hash, request.body().toString()))
        : this.#methodHash(hash, request.method, input.uri);
    const expected = digestResponse(hash, proof === '' ? noHa1 : proof, input, ha2);
    const isRight = equalTextConstantTime(response.toLowerCase(), expected) && proof !== '';
    // Without a count a nonce is good for one request.
    return isRight ? (qop === undefined ? 1 : Number.parseInt(nc, 16)) : undefined;
  }

  /** RFC 7616 §3.4.4: as it is, or by its hash. */
  #userOf({ username = '', params, algorithm }: DigestCredentials, domain: string): string {
    const { userHashes } = this.#options;
    if (userHashes === undefined || params.get('userhash')?.toLowerCase() !== 'true') return username;
    return userHashes.userOf(username, domain, algorithmOf(algorithm) ?? 'MD5') ?? username;
  }

  #methodHash(hash: Parameters<typeof methodHash>[0], method: string, uri: string): string {
    const key = `${hash} ${method}:${uri}`;
    const known = this.#methodHashes.get(key);
    if (known !== undefined) return known;
    if (this.#methodHashes.size >= maxMethodHashes) this.#methodHashes.clear();
    const made = methodHash(hash, method, uri);
    this.#methodHashes.set(key, made);
    return made;
  }

  #offers(name: string): boolean {
    const algorithm = algorithmOf(name);
    return algorithm !== undefined && this.#options.algorithms.includes(algorithm);
  }

  #stale(request: SipMessage, kind: ChallengeKind, domain: string): AuthVerdict {
    this.counters.stale++;
    return this.#challenge(request, kind, domain, true);
  }

  #challenge(request: SipMessage, kind: ChallengeKind, domain: string, isStale: boolean): AuthVerdict {
    const { nonces, clock, algorithms } = this.#options;
    const nonce = nonces.make(domain, clock.wallMs(), request.callId());
    const id = kind === 'www' ? HeaderId.WwwAuthenticate : HeaderId.ProxyAuthenticate;
    const hashed = this.#options.userHashes === undefined ? '' : ', userhash=true';
    const rest = `qop="auth"${isStale ? ', stale=true' : ''}${hashed}`;
    const headers = algorithms.map(
      (algorithm) => [id, `Digest realm="${domain}", nonce="${nonce}", algorithm=${algorithm}, ${rest}`] as const,
    );
    return { kind: 'challenge', status: kind === 'www' ? 401 : 407, headers, isStale };
  }
}

const rowOf = ({ algorithm }: DigestCredentials) => digestAlgorithms[algorithmOf(algorithm) ?? 'MD5'];

/** HA1 that the credentials must be made with; empty: there is none. */
function proofOf(account: Account | undefined, credentials: DigestCredentials, isLong: boolean): string {
  const { ha1, ha1b } = rowOf(credentials);
  const key = isLong ? ha1b : ha1;
  return key === undefined ? '' : (account?.[key] ?? '');
}

/**
 * Which counts of a nonce were used is known to the member only that it was used at. Where it was not used yet, and after a
 * restart, it is good for the answer to the very challenge (its Call-ID, the first count) and for seconds: enough for balancers
 * that send one packet here and the next one there, and of no use to who has overheard it, as what proves to be of one account
 * comes to one member of a farm.
 */
export function isAtOnce(ageS: number, count: number): boolean {
  return count === 1 && ageS <= foreignNonceS;
}

/** Hashes take text as UTF-8; the text of messages is one character for each byte. */
function inUtf8(text: string): string {
  return beyondAscii.test(text) ? fromWireText(text) : text;
}

function qopOf(text: string): 'auth' | 'auth-int' | undefined {
  return text === 'auth' || text === 'auth-int' ? text : undefined;
}

/** Names of algorithms compare without case (RFC 7616 §3.4 has them as tokens). */
function algorithmOf(text: string): DigestAlgorithm | undefined {
  if (text === 'MD5' || text === 'SHA-256') return text;
  const upper = text.toUpperCase();
  return upper === 'MD5' || upper === 'SHA-256' || upper === 'SHA-512-256' ? upper : undefined;
}
