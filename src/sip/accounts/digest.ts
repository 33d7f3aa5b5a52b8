import { hashHex, type DigestHash } from '#base';
import type { PasswordHashes } from './records.ts';

/** As they stand in header fields; RFC 8760 §2.1. */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256';

interface AlgorithmRow {
  readonly hash: DigestHash;
  readonly ha1: keyof PasswordHashes;
  readonly ha1b?: keyof PasswordHashes;
}

/** Of telephones that give their user alone, or, where there is such a hash, with its domain. */
export const digestAlgorithms: Readonly<Record<DigestAlgorithm, AlgorithmRow>> = {
  MD5: { hash: 'md5', ha1: 'ha1Md5', ha1b: 'ha1bMd5' },
  'SHA-256': { hash: 'sha256', ha1: 'ha1Sha256' },
  'SHA-512-256': { hash: 'sha512-256', ha1: 'ha1Sha512' },
};

/** What of the credentials of a request goes into the digest. Values as they stand between the quotes. */
export interface DigestInput {
  readonly nonce: string;
  readonly uri: string;
  /** undefined = without quality of protection, as in RFC 2069. */
  readonly qop: 'auth' | 'auth-int' | undefined;
  /** Eight hex digits, as sent. */
  readonly nc: string;
  readonly cnonce: string;
}

/** HA1 of a password under all algorithms that are offered: what is kept instead of it. */
export function passwordHashes(user: string, realm: string, password: string): PasswordHashes {
  const text = `${user}:${realm}:${password}`;
  return {
    ha1Md5: hashHex('md5', text),
    ha1Sha256: hashHex('sha256', text),
    ha1Sha512: hashHex('sha512-256', text),
    ha1bMd5: hashHex('md5', `${user}@${realm}:${realm}:${password}`),
  };
}

/** HA2 (RFC 7616 §3.4.3). `bodyHash` = hex, where the qop is `auth-int`. */
export function methodHash(hash: DigestHash, method: string, uri: string, bodyHash?: string): string {
  return hashHex(hash, bodyHash === undefined ? `${method}:${uri}` : `${method}:${uri}:${bodyHash}`);
}

/** The `response` that proves HA1 (RFC 7616 §3.4.1; without qop RFC 2617 §3.2.2.1). */
export function digestResponse(hash: DigestHash, ha1: string, input: DigestInput, ha2: string): string {
  const { nonce, qop, nc, cnonce } = input;
  return hashHex(hash, qop === undefined ? `${ha1}:${nonce}:${ha2}` : `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}
