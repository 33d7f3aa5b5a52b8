import type { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';

/** The `password` PACK: a user changes his own. Answered with `error` alone. */
export interface PasswordChange {
  readonly hubName: string;
  readonly userName: string;
  /** SHA-0(old hashed password ‖ random of the Hello) */
  readonly secureOldPassword: Buffer;
  /** SHA-0(new password ‖ USER NAME) */
  readonly newHashedPassword: Buffer;
  /** MD4 of the new password, for MS-CHAP; undefined where the client does not send it. */
  readonly newNtHash: Buffer | undefined;
}

const HASH_BYTES = 20;
const NT_HASH_BYTES = 16;

/** Undefined if a part is missing or of the wrong size: error 4. */
export function decodePasswordChange(pack: Pack): PasswordChange | undefined {
  const hubName = cutName(pack.str('hubname'));
  const userName = cutName(pack.str('username'));
  const secureOldPassword = Buffer.from(pack.data('secure_old_password'));
  const newHashedPassword = Buffer.from(pack.data('new_password'));
  const ntHash = Buffer.from(pack.data('new_password_ntlm'));
  if (hubName === '' || userName === '') return undefined;
  if (secureOldPassword.length !== HASH_BYTES || newHashedPassword.length !== HASH_BYTES) return undefined;
  const newNtHash = ntHash.length === NT_HASH_BYTES ? ntHash : undefined;
  return { hubName, userName, secureOldPassword, newHashedPassword, newNtHash };
}
