import { clientProductOf, type ClientProduct } from './client-product.ts';
import { Pack } from './pack.ts';
import { cutName } from './peer-text.ts';
import { windowsVersionOf, type WindowsVersion } from './windows-version.ts';

/** The `admin` PACK: an administration tool wants RPC. */
export interface AdminLoginRequest {
  /** Empty = the whole server. */
  readonly hubName: string;
  /** SHA-0(administrator's hashed password ‖ random of the Hello), 20 bytes */
  readonly securePassword: Buffer;
  /** The tool asks to be told if the password is empty. */
  readonly acceptEmptyPassword: boolean;
  readonly client: ClientProduct;
  readonly windows: WindowsVersion;
}

const PROOF_BYTES = 20;

/** Undefined if the proof is not 20 bytes: error 4. */
export function decodeAdminLogin(pack: Pack): AdminLoginRequest | undefined {
  const securePassword = Buffer.from(pack.data('secure_password'));
  if (securePassword.length !== PROOF_BYTES) return undefined;
  return {
    hubName: cutName(pack.str('hubname')),
    securePassword,
    acceptEmptyPassword: pack.bool('accept_empty_password'),
    client: clientProductOf(pack),
    windows: windowsVersionOf(pack),
  };
}

/** `isPasswordEmpty`: say so, which is done only for a tool that asked. */
export function encodeAdminLoginAnswer(isPasswordEmpty: boolean): Pack {
  const pack = new Pack();
  return isPasswordEmpty ? pack.setBool('empty_password', true) : pack;
}
