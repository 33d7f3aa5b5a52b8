/**
 * What the backplane keeps: `cfg/sip/domain/<domain>` and `cfg/sip/account/<domain>/<user>`, JSON. Domains are in lower
 * case; users compare by case, as RFC 3261 §19.1.4 has it. Times are unix milliseconds.
 */
export interface DomainRecord {
  /** Host name or IP address, in lower case; the realm of its accounts. */
  readonly name: string;
  /** Other host names and addresses under which the same accounts are reached. */
  readonly aliases: readonly string[];
  readonly createdAtMs: number;
}

export interface AccountRecord {
  readonly user: string;
  /** MD5(user:domain:password), 32 hex digits. No password is kept; `''` = nobody can log in. */
  readonly ha1Md5: string;
  /** SHA-256 of the same, 64 hex digits. */
  readonly ha1Sha256: string;
  /** SHA-512/256 of the same, 64 hex digits; `''` for accounts of before it was kept. */
  readonly ha1Sha512: string;
  /** MD5(user@domain:domain:password), for telephones that give their user with its domain; `''` for accounts of before it was kept. */
  readonly ha1bMd5: string;
  /** Other users of the domain that mean this account; a telephone number is `+` and digits. */
  readonly aliases: readonly string[];
  readonly displayName: string;
  /** False: no log-in, no calls to it. */
  readonly isEnabled: boolean;
  /** Contacts that may be registered at once; 0 = as the server's settings say. */
  readonly maxContacts: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Hashes of a password: all that is kept of it. */
export type PasswordHashes = Pick<AccountRecord, 'ha1Md5' | 'ha1Sha256' | 'ha1Sha512' | 'ha1bMd5'>;
