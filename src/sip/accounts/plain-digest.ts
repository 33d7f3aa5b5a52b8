import { equalTextConstantTime, type LoginGuard } from '#base';
import type { Clock } from '#io';
import type { AuthCounters } from './authenticator.ts';
import { DigestInput } from './digest-input.ts';
import type { DigestAlgorithm } from './digest.ts';
import type { AccountDirectory } from './directory.ts';
import type { NonceMaker } from './nonce.ts';
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
  readonly directory: Pick<AccountDirectory, 'domain' | 'packedAccount'>;
  readonly guard: LoginGuard;
  readonly nonces: NonceMaker;
  readonly window: NonceWindow;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly algorithms: readonly DigestAlgorithm[];
  /** Of header fields with a challenge: what stands behind the algorithm. */
  readonly challengeTail: string;
  readonly counters: AuthCounters;
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
  #count = 0;
  #sequence = 0;

  constructor(options: PlainDigestOptions) {
    this.#options = options;
    this.#takesMd5 = options.algorithms.includes('MD5');
  }

  /** A domain of ours by this very name. */
  isDomain(name: string): boolean {
    return this.#options.directory.domain(name)?.name === name;
  }

  account(user: string, domain: string): PackedAccount | undefined {
    return this.#options.directory.packedAccount(user, domain);
  }

  /** A number that only this server makes of a Call-ID. */
  callWord(callId: string): number {
    return this.#options.nonces.callWord(callId);
  }

  /** Header fields of a 401. */
  challenge(domain: string, callWord: number): string {
    const { nonces, clock, algorithms, challengeTail, counters } = this.#options;
    counters.challenged++;
    const nonce = nonces.makeFor(domain, clock.wallMs(), callWord);
    let text = '';
    for (const algorithm of algorithms) {
      text += `WWW-Authenticate: Digest realm="${domain}", nonce="${nonce}", algorithm=${algorithm}, ${challengeTail}\r\n`;
    }
    return text;
  }

  /** undefined: it is not right, or cannot be told here. Nothing is used up until `accept`. */
  prove(
    bytes: Buffer,
    places: CredentialPlaces,
    account: PackedAccount,
    user: string,
    domain: string,
    address: string,
  ): PlainProof | undefined {
    const { nonceStart, nonceEnd, cnonceStart, cnonceEnd, uriStart, uriEnd } = places;
    if (!this.#takesMd5 || !hasLoginByMd5(account)) return undefined;
    if (nonceEnd - nonceStart + cnonceEnd - cnonceStart + uriEnd - uriStart > textMaxBytes / 2) return undefined;
    const { nonces, window, guard, clock } = this.#options;
    const nonce = bytes.toString('latin1', nonceStart, nonceEnd);
    const known = nonces.check(nonce, domain, clock.wallMs());
    if (known.kind === 'forged' || known.isExpired || known.issuer !== nonces.issuer) return undefined;
    if (guard.ask(address, `${user}@${domain}`).kind === 'refuse') return undefined;
    const count = hexAt(bytes, places.ncStart, ncDigits);
    if (count < 0 || !this.#isRight(bytes, places, account)) return undefined;
    this.#count = count;
    this.#sequence = known.sequence;
    return window.isUnused(known.sequence, nonces.sequence, count) ? 'first' : 'repeated';
  }

  /** What `prove` has called `first` is used up from now on. */
  accept(user: string, domain: string, address: string): void {
    const { window, nonces, guard, counters } = this.#options;
    window.useOwn(this.#sequence, nonces.sequence, this.#count);
    guard.succeeded(address, `${user}@${domain}`);
    counters.accepted++;
  }

  #isRight(bytes: Buffer, places: CredentialPlaces, account: PackedAccount): boolean {
    const input = this.#input;
    input.begin();
    input.text(methodColon);
    input.bytes(bytes, places.uriStart, places.uriEnd);
    const request = input.md5();
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
    const { responseStart } = places;
    return equalTextConstantTime(
      input.md5(),
      bytes.toString('latin1', responseStart, responseStart + responseDigits).toLowerCase(),
    );
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
