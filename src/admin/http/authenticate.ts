import { equalConstantTime } from '#base';
import { adminPasswordHash } from '#softether';
import type { Caller } from '../operations/caller.ts';
import type { AdminContext } from '../operations/context.ts';
import type { Credentials } from './credentials.ts';
import { checkUnderGuard, type Guard } from './guard.ts';

const EMPTY_PASSWORD = adminPasswordHash('');
const HASH_BYTES = 20;

export type Authentication =
  { readonly kind: 'caller'; readonly caller: Caller } | { readonly kind: 'wrong' } | { readonly kind: 'banned' };

/** Checks a password; the failures count together with those of the VPN and vpncmd log-ins. */
export async function authenticate(
  context: AdminContext,
  guard: Guard,
  address: string,
  credentials: Credentials,
): Promise<Authentication> {
  const { hubName, password } = credentials;
  const given = adminPasswordHash(password);
  const account = hubName === '' ? '(server)/administrator' : `${hubName}/(administrator)`;
  const proof = await checkUnderGuard(guard, context.clock, address, account, () => {
    const stored = storedHash(context, hubName);
    return stored !== undefined && isAllowed(stored, hubName, address) && equalConstantTime(given, stored);
  });
  if (proof !== 'right') return { kind: proof };
  const who = { remoteAddress: address, face: 'json-rpc' } as const;
  if (hubName === '') return { kind: 'caller', caller: { ...who, role: 'server' } };
  const name = context.directory.hub(hubName)?.name ?? hubName;
  return { kind: 'caller', caller: { ...who, role: 'hub', hubName: name } };
}

/** Undefined: there is no such hub. Old configurations keep zeros for "no password". */
function storedHash(context: AdminContext, hubName: string): Buffer | undefined {
  const hub = hubName === '' ? undefined : context.directory.hub(hubName);
  if (hubName !== '' && hub === undefined) return undefined;
  const hash = hub === undefined ? context.adminPassword.hashed() : Buffer.from(hub.hashedPassword, 'hex');
  return hash.length !== HASH_BYTES || hash.every((byte) => byte === 0) ? EMPTY_PASSWORD : hash;
}

/** A hub without a password is administered from the server's own machine only (SoftEther protocol §3.5). */
function isAllowed(stored: Buffer, hubName: string, address: string): boolean {
  return hubName === '' || !stored.equals(EMPTY_PASSWORD) || isLoopback(address);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
