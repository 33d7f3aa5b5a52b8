import { equalTextConstantTime, hashHex } from '#base';
import type { Clock } from '#io';
import type { Account } from '../accounts/account.ts';
import type { Binding } from './binding.ts';

/** What a temporary GRUU leads to. */
export interface GruuMeaning {
  readonly user: string;
  /** Whether a binding is of the telephone, and of its present registration (RFC 5627 §5.3). */
  fits(binding: Binding): boolean;
}

const temporaryPrefix = 'tgruu.';
const saltChars = 16;
const fingerprintChars = 16;
const macChars = 24;
const blockBytes = 32;
const hexDigits = /^[0-9a-f]+$/;

/**
 * Globally routable URIs of single telephones (RFC 5627). A temporary one hides whose it is: user and instance are
 * enciphered with the cluster's key (SHA-256 in counter mode, then a MAC), so nothing is kept of it and any member
 * reads it. It holds as long as the registration of its telephone goes on under the same Call-ID.
 */
export class Gruus {
  readonly #key: string;
  readonly #boot: string;
  readonly #clock: Pick<Clock, 'wallMs'>;
  #made = 0;

  /** `boot`: 4 random bytes, so that no two temporary GRUUs of members are alike. */
  constructor(key: Buffer, boot: Buffer, clock: Pick<Clock, 'wallMs'>) {
    this.#key = key.toString('hex');
    this.#boot = boot.toString('hex');
    this.#clock = clock;
  }

  nowS(): number {
    return Math.floor(this.#clock.wallMs() / 1000);
  }

  publicGruu({ aor }: Pick<Account, 'aor'>, instance: string): string {
    const id = instance.replace(/^<(.*)>$/, '$1');
    return `sip:${aor};gr=${id.replace(/[^A-Za-z0-9\-_.!~*'()[\]/:&+$]/g, escaped)}`;
  }

  temporaryGruu(
    { user, domain }: Pick<Account, 'user' | 'domain'>,
    binding: Pick<Binding, 'instance' | 'callId'>,
  ): string {
    const salt = this.#boot + (this.#made++ >>> 0).toString(16).padStart(8, '0');
    const plain = Buffer.from(fingerprint(binding) + user);
    const cipher = this.#mask(plain, salt).toString('hex');
    return `sip:${temporaryPrefix}${salt}${cipher}${this.#mac(salt + cipher, domain)}@${domain};gr`;
  }

  /** undefined: no temporary GRUU of this domain. */
  meaningOf(user: string, domain: string): GruuMeaning | undefined {
    if (!user.startsWith(temporaryPrefix)) return undefined;
    const text = user.slice(temporaryPrefix.length);
    const cipherEnd = text.length - macChars;
    if (cipherEnd <= saltChars || !hexDigits.test(text)) return undefined;
    if (!equalTextConstantTime(text.slice(cipherEnd), this.#mac(text.slice(0, cipherEnd), domain))) return undefined;
    const cipher = Buffer.from(text.slice(saltChars, cipherEnd), 'hex');
    const plain = this.#mask(cipher, text.slice(0, saltChars)).toString();
    const wanted = plain.slice(0, fingerprintChars);
    return { user: plain.slice(fingerprintChars), fits: (binding) => fingerprint(binding) === wanted };
  }

  #mask(bytes: Buffer, salt: string): Buffer {
    const masked = Buffer.from(bytes);
    for (let start = 0; start < bytes.length; start += blockBytes) {
      const stream = Buffer.from(hashHex('sha256', `${this.#key}gruu${salt}${start}`), 'hex');
      for (let at = start; at < Math.min(start + blockBytes, bytes.length); at++) masked[at]! ^= stream[at - start]!;
    }
    return masked;
  }

  #mac(text: string, domain: string): string {
    return hashHex('sha256', `${this.#key}gruu-mac${text.length}:${text}${domain}`).slice(0, macChars);
  }
}

function fingerprint({ instance, callId }: Pick<Binding, 'instance' | 'callId'>): string {
  return hashHex('sha256', `${instance}\n${callId}`).slice(0, fingerprintChars);
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
