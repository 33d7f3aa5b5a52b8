import { md4, sha0 } from '#base';
import type { JsonObject } from './json-document.ts';

/** Names enter the hashes in capitals; only ASCII letters have them there. */
const upperAscii = (name: string): string => name.replace(/[a-z]/g, (letter) => letter.toUpperCase());

/**
 * What the server keeps of a hub administrator's password. Sent instead of the password: an empty password is then
 * as plain as any other, while an empty plain-text field means "no change".
 */
export const hubPasswordHashes = (password: string): JsonObject => ({
  HashedPassword_bin: sha0(password).toString('base64'),
  SecurePassword_bin: sha0(password, 'ADMINISTRATOR').toString('base64'),
});

/** The same for a user: the hash that VPN clients prove, and the one for MS-CHAP. */
export const userPasswordHashes = (userName: string, password: string): JsonObject => ({
  HashedKey_bin: sha0(password, upperAscii(userName)).toString('base64'),
  NtLmSecureHash_bin: md4(Buffer.from(password, 'utf16le')).toString('base64'),
});
