import { md4, sha0 } from '#base';

/** SHA-0 and what is stored of passwords: 20 bytes. */
export const PASSWORD_HASH_BYTES = 20;

/** The hub's administrator as a VPN user. */
export const ADMINISTRATOR = 'administrator';

/** What is stored of a user's password; of a hub's password too, with the name `administrator` (its SecurePassword). */
export function userPasswordHash(password: Uint8Array | string, userName: string): Buffer {
  return sha0(password, upperCaseAscii(userName));
}

/** What is stored of the password of a server or hub administrator, and of the farm. */
export function adminPasswordHash(password: Uint8Array | string): Buffer {
  return sha0(password);
}

/** The proof on the wire: SHA-0(stored hash ‖ random of the Hello). */
export function securePassword(storedHash: Uint8Array, random: Uint8Array): Buffer {
  return sha0(storedHash, random);
}

/** MD4 over UTF-16LE, 16 bytes: for MS-CHAP. */
export function ntHash(password: string): Buffer {
  return md4(Buffer.from(password, 'utf16le'));
}

/** A stored hash from a record, 40 hex digits. Undefined if it is not one. */
export function storedHashOf(hexText: string): Buffer | undefined {
  return /^[0-9a-f]{40}$/i.test(hexText) ? Buffer.from(hexText, 'hex') : undefined;
}

/** Hub and server passwords: old configurations hold twenty zeros, or nothing, for "no password". */
export function isNoPassword(hash: Uint8Array): boolean {
  return hash.every((byte) => byte === 0);
}

/** Only a–z: other letters keep their case, as in the original. */
function upperCaseAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
