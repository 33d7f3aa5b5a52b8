import type { HubKind, HubRecord } from '#hub';
import { adminPasswordHash, userPasswordHash } from '#softether';
import { bool, data, int, optional, str, type ValueOf } from '../schema/field.ts';

/** RPC_CREATE_HUB. In SetHub what is absent stays as it is; vpncmd and vpnrpc send everything. */
export const hubFields = {
  HubName: str(),
  HashedPassword: optional(data('SHA-0 of the password, 20 bytes; zeros = as it was')),
  SecurePassword: optional(data('SHA-0 of the password and "ADMINISTRATOR", 20 bytes; zeros = as it was')),
  Online: optional(bool()),
  AdminPasswordPlainText: optional(str('the password itself, instead of the two hashes')),
  MaxSession: optional(int('0 = unlimited')),
  NoEnum: optional(bool('hidden from the list of hubs that anybody may ask for')),
  HubType: optional(int('0 stand-alone, 1 static, 2 dynamic')),
};

export type HubInput = ValueOf<typeof hubFields>;

/** SoftEther's HubType. */
export const hubTypeNumbers: { readonly [K in HubKind]: number } = { standalone: 0, static: 1, dynamic: 2 };

const HASH_BYTES = 20;
const NO_HASH = Buffer.alloc(HASH_BYTES);
/** Whose password SecurePassword is: the hub's administrator as a VPN user. */
const ADMINISTRATOR = 'administrator';

type HubPassword = Pick<HubRecord, 'hashedPassword' | 'securePassword'>;

export function hubPassword(password: string): HubPassword {
  return {
    hashedPassword: adminPasswordHash(password).toString('hex'),
    securePassword: userPasswordHash(password, ADMINISTRATOR).toString('hex'),
  };
}

/** The password in the input; undefined = none given (the hashes are zeros or missing); `bad` = of a wrong length. */
export function givenPassword(input: HubInput): HubPassword | 'bad' | undefined {
  if (input.AdminPasswordPlainText !== undefined && input.AdminPasswordPlainText !== '') {
    return hubPassword(input.AdminPasswordPlainText);
  }
  const hashed = input.HashedPassword ?? NO_HASH;
  const secure = input.SecurePassword ?? NO_HASH;
  if (isNoHash(hashed) && isNoHash(secure)) return undefined;
  if (hashed.length !== HASH_BYTES || secure.length !== HASH_BYTES) return 'bad';
  return { hashedPassword: hashed.toString('hex'), securePassword: secure.toString('hex') };
}

function isNoHash(hash: Buffer): boolean {
  return hash.every((byte) => byte === 0);
}

/** A hub as GetHub and SetHub answer: `hubType` is what it is on this server. The password's hashes are never given out: zeros stand for them. */
export function hubOutput(hub: HubRecord, hubType: number): HubInput {
  return {
    HubName: hub.name,
    HashedPassword: NO_HASH,
    SecurePassword: NO_HASH,
    Online: hub.isOnline,
    AdminPasswordPlainText: '',
    MaxSession: hub.maxSessions,
    NoEnum: hub.isHiddenFromEnum,
    HubType: hubType,
  };
}
