import type { LoginGuard } from '#base';
import type { Clock } from '#io';
import { isRange } from '../message/byte-ranges.ts';
import { isAtOnce, type AuthCounters } from './authenticator.ts';
import { DigestInput } from './digest-input.ts';
import type { DigestAlgorithm } from './digest.ts';
import type { AccountDirectory } from './directory.ts';
import type { NonceMaker, ReadNonce, WordWriter } from './nonce.ts';
import type { NonceWindow } from './nonce-window.ts';
import { hasLoginByMd5, md5HashAt, type PackedAccount } from './packed-account.ts';

/** Where the parts of credentials are in a message: see `PlainCredentials`. */
export interface CredentialPlaces {
  readonly nonceStart: number;
  readonly nonceEnd: number;
  readonly uriStart: number;
  readonly uriEnd: number;
  readonly responseStart: number;
  readonly cnonceStart: number;
  readonly cnonceEnd: number;
  readonly ncStart: number;
}

export interface PlainDigestOptions {
  readonly directory: Pick<AccountDirectory, 'domain' | 'isLocal' | 'packedAccount'>;
  readonly guard: LoginGuard;
  readonly nonces: NonceMaker;
  readonly window: NonceWindow;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** As `AuthenticatorOptions` have it. */
  readonly isOneOfMany: boolean;
  readonly algorithms: readonly DigestAlgorithm[];
  /** Of header fields with a challenge: what stands behind the algorithm. */
  readonly challengeTail: string;
  readonly counters: AuthCounters;
}

/** Where header fields are written. */
export interface FieldWriter extends WordWriter {
  /** Of one byte a character. */
  text(text: string): void;
}

/** `repeated`: right, but this count of the nonce has been used. */
export type PlainProof = 'first' | 'repeated';

const ncDigits = 8;
const responseDigits = 32;
const textMaxBytes = 1_024;
const methodColon = 'REGISTER:';
const colonAuthColon = ':auth:';

/**
 * Digest authentication of plain requests (MD5, qop `auth`), without making anything but a few texts. It says what is right;
 * all else is nothing that it knows, and is for `Authenticator` to judge: who failed, who is banned, what is stale.
 */
export class PlainDigest {
  readonly #options: PlainDigestOptions;
  readonly #input = new DigestInput(textMaxBytes);
  readonly #takesMd5: boolean;
  /** What stands around the nonce of a challenge, by algorithm. */
  readonly #tails: readonly string[];
  /** The `uri` of the credentials that came last, most often that of the next ones, and the hash of it with the method. */
  #uri = Buffer.alloc(0);
  #requestHash = '';
  #count = 0;
  #sequence = 0;
  /** Of another member, or of this one before it was started again; else empty. */
  #foreign = '';

  constructor(options: PlainDigestOptions) {
    this.#options = options;
    const { algorithms, challengeTail } = options;
    this.#takesMd5 = algorithms.includes('MD5');
    this.#tails = algorithms.map((algorithm) => `", algorithm=${algorithm}, ${challengeTail}\r\n`);
  }

  /** A domain of ours by this very name. */
  isDomain(name: string): boolean {
    return this.#options.directory.domain(name)?.name === name;
  }

  /** A name or an alias of a domain of ours, in any case. */
  isLocal(host: string): boolean {
    return this.#options.directory.isLocal(host);
  }

  account(user: string, domain: string): PackedAccount | undefined {
    return this.#options.directory.packedAccount(user, domain);
  }

  /** A number that only the servers of this cluster make of a Call-ID. */
  callWord(bytes: Uint8Array, start: number, end: number): number {
    return this.#options.nonces.callWordAt(bytes, start, end);
  }

  /** Header fields of a 401. */
  challenge(out: FieldWriter, domain: string, callWord: number): void {
    const { nonces, clock, counters } = this.#options;
    counters.challenged++;
    nonces.makeFor(domain, clock.wallMs(), callWord);
    for (const tail of this.#tails) {
      out.text('WWW-Authenticate: Digest realm="');
      out.text(domain);
      out.text('", nonce="');
      nonces.writeMade(out);
      out.text(tail);
    }
  }

  /** undefined: it is not right, or cannot be told here. Nothing is used up until `accept`. `aor`: who says so. */
  prove(
    bytes: Buffer,
    places: CredentialPlaces,
    callWord: number,
    account: PackedAccount,
    aor: string,
    domain: string,
    address: string,
  ): PlainProof | undefined {
    const { nonceStart, nonceEnd, cnonceStart, cnonceEnd, uriStart, uriEnd } = places;
    if (!this.#takesMd5 || !hasLoginByMd5(account)) return undefined;
    if (nonceEnd - nonceStart + cnonceEnd - cnonceStart + uriEnd - uriStart > textMaxBytes / 2) return undefined;
    const { nonces, guard, clock } = this.#options;
    const nonce = nonces.readAt(bytes, nonceStart, nonceEnd, domain, clock.wallMs());
    if (nonce === undefined || nonce.isExpired) return undefined;
    if (guard.ask(address, aor).kind === 'refuse') return undefined;
    const count = hexAt(bytes, places.ncStart, ncDigits);
    if (count < 0 || !this.#isRight(bytes, places, account)) return undefined;
    this.#count = count;
    this.#sequence = nonce.sequence;
    this.#foreign = nonce.isOfThisBoot ? '' : bytes.toString('latin1', nonceStart, nonceEnd);
    return this.#useOf(nonce, callWord);
  }

  /** What `prove` has called `first` is used up from now on. */
  accept(aor: string, address: string): void {
    const { window, nonces, guard, counters } = this.#options;
    if (this.#foreign !== '') window.useForeign(this.#foreign, this.#count);
    else window.useOwn(this.#sequence, nonces.sequence, this.#count);
    guard.succeeded(address, aor);
    counters.accepted++;
  }

  /** As `Authenticator` tells it. */
  #useOf({ ageS, call, sequence }: Readonly<ReadNonce>, callWord: number): PlainProof | undefined {
    const { window, nonces, isOneOfMany } = this.#options;
    const count = this.#count;
    if (this.#foreign !== '') {
      const isFollowed = isAtOnce(ageS, count) || window.hasForeign(this.#foreign);
      if (!isFollowed || call !== callWord) return undefined;
      return window.isForeignUnused(this.#foreign, count) ? 'first' : 'repeated';
    }
    if (isOneOfMany && !isAtOnce(ageS, count) && !window.hasOwn(sequence)) return undefined;
    return window.isUnused(sequence, nonces.sequence, count) ? 'first' : 'repeated';
  }

  #isRight(bytes: Buffer, places: CredentialPlaces, account: PackedAccount): boolean {
    const { responseStart } = places;
    const request = this.#hashOfRequest(bytes, places.uriStart, places.uriEnd);
    const input = this.#input;
    input.begin();
    input.hexOf(account, md5HashAt, md5HashAt + 16);
    input.byte(0x3a);
    input.bytes(bytes, places.nonceStart, places.nonceEnd);
    input.byte(0x3a);
    input.bytes(bytes, places.ncStart, places.ncStart + ncDigits);
    input.byte(0x3a);
    input.bytes(bytes, places.cnonceStart, places.cnonceEnd);
    input.text(colonAuthColon);
    input.text(request);
    const right = input.md5();
    // In a time that does not tell how much of it is right.
    let difference = 0;
    for (let i = 0; i < responseDigits; i++) {
      const byte = bytes[responseStart + i]!;
      difference |= right.charCodeAt(i) ^ (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte);
    }
    return difference === 0;
  }

  #hashOfRequest(bytes: Buffer, start: number, end: number): string {
    if (isRange(bytes, start, end, this.#uri)) return this.#requestHash;
    const input = this.#input;
    input.begin();
    input.text(methodColon);
    input.bytes(bytes, start, end);
    this.#requestHash = input.md5();
    this.#uri = Buffer.from(bytes.subarray(start, end));
    return this.#requestHash;
  }
}

/** Of either case; -1: not so many hex digits. */
function hexAt(bytes: Uint8Array, start: number, digits: number): number {
  let value = 0;
  for (let at = start; at < start + digits; at++) {
    const byte = bytes[at]!;
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) value = value * 16 + byte - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}
