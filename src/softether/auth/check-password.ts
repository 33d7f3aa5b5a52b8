import { equalConstantTime } from '#base';
import type { HubRecord, UserRecord } from '#hub';
import {
  ADMINISTRATOR,
  isNoPassword,
  PASSWORD_HASH_BYTES,
  securePassword,
  storedHashOf,
  userPasswordHash,
} from './password-hash.ts';

/** Read and compared with where there is nothing else, so that an unknown user takes as long as a known one. */
const NOBODY = '0'.repeat(2 * PASSWORD_HASH_BYTES);

interface StoredPassword {
  readonly hash: Buffer;
  /** False: there is no password, and nothing can be right. */
  readonly isReal: boolean;
}

/** Whether `secure` proves the user's password for this connection. */
export function checkPassword(user: UserRecord | undefined, secure: Uint8Array, random: Uint8Array): boolean {
  const { hash, isReal } = storedPassword(user);
  return equalConstantTime(secure, securePassword(hash, random)) && isReal;
}

/** Whether `secure` proves the hub's password, for its administrator as a VPN user. */
export function checkAdministrator(hub: HubRecord, secure: Uint8Array, random: Uint8Array): boolean {
  return equalConstantTime(secure, securePassword(storedHubPassword(hub), random));
}

/**
 * Whether `password` is the user's, where it comes in clear. Old Windows clients hash and send their code page: what
 * reads as Latin-1 is tried so as well.
 */
export function checkPlainPassword(user: UserRecord | undefined, userName: string, password: string): boolean {
  const { hash, isReal } = storedPassword(user);
  const isUtf8 = equalConstantTime(userPasswordHash(password, userName), hash);
  const asLatin1 = userPasswordHash(Buffer.from(password, 'latin1'), userName);
  const isLatin1 = equalConstantTime(asLatin1, hash) && fitsLatin1(password);
  return (isUtf8 || isLatin1) && isReal;
}

/** Whether the stored password of the user is the empty one. */
export function isPasswordEmpty(user: UserRecord): boolean {
  const { hash, isReal } = storedPassword(user);
  return isReal && hash.equals(userPasswordHash('', user.name));
}

export function isHubPasswordEmpty(hub: HubRecord): boolean {
  return storedHubPassword(hub).equals(userPasswordHash('', ADMINISTRATOR));
}

function storedPassword(user: UserRecord | undefined): StoredPassword {
  const own = user?.auth.kind === 'password' ? user.auth.hashedKey : undefined;
  const hash = storedHashOf(own ?? NOBODY);
  return hash === undefined
    ? { hash: Buffer.alloc(PASSWORD_HASH_BYTES), isReal: false }
    : { hash, isReal: own !== undefined };
}

function storedHubPassword(hub: HubRecord): Buffer {
  const stored = storedHashOf(hub.securePassword);
  return stored === undefined || isNoPassword(stored) ? userPasswordHash('', ADMINISTRATOR) : stored;
}

function fitsLatin1(text: string): boolean {
  return Buffer.from(text, 'latin1').toString('latin1') === text;
}
