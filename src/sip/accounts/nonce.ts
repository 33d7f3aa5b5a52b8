import { sha256 } from '#base';
import { hex8, hex8At, parseHex8 } from '../message/hex8.ts';
import { ShortMac } from '../transaction/short-mac.ts';

/** What a nonce turned out to be. `forged`: not made with the cluster's key, or for another realm. */
export type NonceVerdict =
  | { readonly kind: 'forged' }
  | {
      readonly kind: 'known';
      readonly isExpired: boolean;
      /** Since it was made; below 0 where clocks differ. */
      readonly ageS: number;
      /** Boot of the member that made it. */
      readonly issuer: string;
      /** Counts the nonces of that boot. */
      readonly sequence: number;
      /** `callMark` of the request that was challenged. */
      readonly call: string;
    };

/** Where a nonce is written. */
export interface WordWriter {
  /** As eight hex digits. */
  hex8(value: number): void;
}

/** What a nonce that was read by `readAt` says of itself: see `NonceVerdict`. */
export interface ReadNonce {
  isExpired: boolean;
  ageS: number;
  isOfThisBoot: boolean;
  sequence: number;
  /** See `callWord`. */
  call: number;
}

const forged: NonceVerdict = { kind: 'forged' };
const wordChars = 8;
/** Time, boot, counter, call, and two words of the MAC. */
const nonceWords = 6;
export const nonceChars = nonceWords * wordChars;
/** Clocks of members may differ by this. */
const maxSkewS = 60;
const maxRealms = 4096;

interface Realm {
  readonly high: number;
  readonly low: number;
}

/**
 * Nonces that any member can check: time ‖ boot ‖ counter ‖ call ‖ MAC, words of 32 bits in hex. The MAC is 64 bits of
 * HalfSipHash under a key made of the cluster's: it tells for the minutes that a nonce lives that it is ours and how old it is.
 * Whoever guessed one would have made a nonce, not the answer to it: that takes the password.
 */
export class NonceMaker {
  readonly #issuer: string;
  readonly #issuerWord: number;
  readonly #lifetimeS: number;
  readonly #calls: ShortMac;
  readonly #mac: ShortMac;
  /** MACs of realms, which go into those of their nonces. */
  readonly #realms = new Map<string, Realm>();
  readonly #read: ReadNonce = { isExpired: false, ageS: 0, isOfThisBoot: false, sequence: 0, call: 0 };
  /** Words of the nonce that was made last. */
  readonly #made = new Uint32Array(nonceWords);
  #sequence = 0;

  /** `key`: the cluster's, 32 bytes; `issuer`: 4 random bytes of this boot. */
  constructor(key: Buffer, issuer: Buffer, lifetimeS: number) {
    this.#issuer = issuer.toString('hex');
    this.#issuerWord = issuer.readUInt32BE();
    this.#lifetimeS = lifetimeS;
    this.#calls = new ShortMac(key);
    this.#mac = new ShortMac(sha256(key, 'nonces'));
  }

  /** Of the nonces that this maker has made. */
  get issuer(): string {
    return this.#issuer;
  }

  /** How many it has made; the counter of the next one. */
  get sequence(): number {
    return this.#sequence;
  }

  make(realm: string, wallMs: number, callId: string): string {
    this.makeFor(realm, wallMs, this.callWord(callId));
    return Array.from(this.#made, hex8).join('');
  }

  /** The next nonce, for `writeMade`. `call`: see `callWord`. */
  makeFor(realm: string, wallMs: number, call: number): void {
    const timeS = Math.floor(wallMs / 1000) >>> 0;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) >>> 0;
    const mac = this.#macOf(realm, timeS, this.#issuerWord, sequence, call);
    const made = this.#made;
    made[0] = timeS;
    made[1] = this.#issuerWord;
    made[2] = sequence;
    made[3] = call;
    made[4] = mac.finish();
    made[5] = mac.finishMore();
  }

  /** The nonce that was made last. */
  writeMade(out: WordWriter): void {
    const made = this.#made;
    for (let at = 0; at < nonceWords; at++) out.hex8(made[at]!);
  }

  /** As `callWord`, of a Call-ID in a message. */
  callWordAt(bytes: Uint8Array, start: number, end: number): number {
    return this.#calls.begin().text('nonce').bytes(bytes, start, end).finish();
  }

  /** What a nonce keeps of the Call-ID that it was made for. */
  callMark(callId: string): string {
    return hex8(this.callWord(callId));
  }

  /** The same as a number. */
  callWord(callId: string): number {
    return this.#calls.begin().text('nonce').text(callId).finish();
  }

  check(nonce: string, realm: string, wallMs: number): NonceVerdict {
    if (nonce.length !== nonceChars) return forged;
    const timeS = wordAt(nonce, 0);
    const issuer = wordAt(nonce, 1);
    const sequence = wordAt(nonce, 2);
    const call = wordAt(nonce, 3);
    const high = wordAt(nonce, 4);
    const low = wordAt(nonce, 5);
    if (Math.min(timeS, issuer, sequence, call, high, low) < 0) return forged;
    const mac = this.#macOf(realm, timeS, issuer, sequence, call);
    // In a time that does not tell how much of it is right.
    if (((mac.finish() ^ high) | (mac.finishMore() ^ low)) !== 0) return forged;
    const ageS = Math.floor(wallMs / 1000) - timeS;
    return {
      kind: 'known',
      isExpired: ageS > this.#lifetimeS || ageS < -maxSkewS,
      ageS,
      issuer: nonce.slice(wordChars, 2 * wordChars),
      sequence,
      call: nonce.slice(3 * wordChars, 4 * wordChars),
    };
  }

  /** As `check`, from the bytes of a message, making nothing: it holds until the next one is read. undefined: it is forged. */
  readAt(
    bytes: Uint8Array,
    start: number,
    end: number,
    realm: string,
    wallMs: number,
  ): Readonly<ReadNonce> | undefined {
    if (end - start !== nonceChars) return undefined;
    const timeS = wordOf(bytes, start, 0);
    const issuer = wordOf(bytes, start, 1);
    const sequence = wordOf(bytes, start, 2);
    const call = wordOf(bytes, start, 3);
    const high = wordOf(bytes, start, 4);
    const low = wordOf(bytes, start, 5);
    if (Math.min(timeS, issuer, sequence, call, high, low) < 0) return undefined;
    const mac = this.#macOf(realm, timeS, issuer, sequence, call);
    if (((mac.finish() ^ high) | (mac.finishMore() ^ low)) !== 0) return undefined;
    const read = this.#read;
    read.ageS = Math.floor(wallMs / 1000) - timeS;
    read.isExpired = read.ageS > this.#lifetimeS || read.ageS < -maxSkewS;
    read.isOfThisBoot = issuer === this.#issuerWord;
    read.sequence = sequence;
    read.call = call;
    return read;
  }

  #macOf(realm: string, timeS: number, issuer: number, sequence: number, call: number): ShortMac {
    let kept = this.#realms.get(realm);
    if (kept === undefined) {
      if (this.#realms.size >= maxRealms) this.#realms.clear();
      const high = this.#mac.begin().text(realm).finish();
      this.#realms.set(realm, (kept = { high, low: this.#mac.finishMore() }));
    }
    const mac = this.#mac.begin().number(kept.high).number(kept.low);
    return mac.number(timeS).number(issuer).number(sequence).number(call);
  }
}

/** -1: not eight hex digits in lower case. */
const wordAt = (nonce: string, index: number): number => parseHex8(nonce, index * wordChars);

/** The same in the bytes of a message. */
const wordOf = (bytes: Uint8Array, start: number, index: number): number => hex8At(bytes, start + index * wordChars);
