import { equalTextConstantTime, hashHex } from '#base';
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

const forged: NonceVerdict = { kind: 'forged' };
const timeChars = 8;
const issuerChars = 8;
const sequenceChars = 8;
const callChars = 8;
const macChars = 24;
const plainChars = timeChars + issuerChars + sequenceChars + callChars;
const nonceChars = plainChars + macChars;
const hexDigits = /^[0-9a-f]+$/;
/** Clocks of members may differ by this. */
const maxSkewS = 60;

/**
 * Nonces that any member can check: time ‖ boot ‖ counter ‖ call ‖ MAC, in hex. The MAC is SHA-256 over the cluster's key, the
 * realm and the rest, cut to 96 bits: the input cannot be prolonged, as its length is fixed and the output cut.
 */
export class NonceMaker {
  readonly #key: string;
  readonly #issuer: string;
  readonly #lifetimeS: number;
  readonly #calls: ShortMac;
  #sequence = 0;

  /** `key`: the cluster's, 32 bytes; `issuer`: 4 random bytes of this boot. */
  constructor(key: Buffer, issuer: Buffer, lifetimeS: number) {
    this.#key = key.toString('hex');
    this.#issuer = issuer.toString('hex');
    this.#lifetimeS = lifetimeS;
    this.#calls = new ShortMac(key);
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
    const plain = hex8(Math.floor(wallMs / 1000)) + this.#issuer + hex8(this.#sequence) + this.callMark(callId);
    this.#sequence = (this.#sequence + 1) >>> 0;
    return plain + this.#mac(plain, realm);
  }

  /** What a nonce keeps of the Call-ID that it was made for. */
  callMark(callId: string): string {
    return hex8(this.#calls.begin().text('nonce').text(callId).finish() >>> 0);
  }

  check(nonce: string, realm: string, wallMs: number): NonceVerdict {
    if (nonce.length !== nonceChars || !hexDigits.test(nonce)) return forged;
    const plain = nonce.slice(0, plainChars);
    if (!equalTextConstantTime(nonce.slice(plainChars), this.#mac(plain, realm))) return forged;
    const ageS = Math.floor(wallMs / 1000) - Number.parseInt(plain.slice(0, timeChars), 16);
    return {
      kind: 'known',
      isExpired: ageS > this.#lifetimeS || ageS < -maxSkewS,
      ageS,
      issuer: plain.slice(timeChars, timeChars + issuerChars),
      sequence: Number.parseInt(plain.slice(timeChars + issuerChars, -callChars), 16),
      call: plain.slice(-callChars),
    };
  }

  #mac(plain: string, realm: string): string {
    return hashHex('sha256', `${this.#key}${plain}${realm}`).slice(0, macChars);
  }
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');
