import { equalConstantTime, isLoopback } from '#base';
import type { HubRecord } from '#hub';
import type { AdminLogin } from '../admin-connection-handler.ts';
import { adminPasswordHash, isNoPassword, PASSWORD_HASH_BYTES, securePassword } from '../auth/password-hash.ts';
import { decodeAdminLogin, encodeAdminLoginAnswer } from '../codec/admin-login.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import type { HandshakeContext, MethodHandler } from './context.ts';
import { guarded, rightOrWrong } from './guarded.ts';
import { refuse } from './outcome.ts';

const EMPTY_PASSWORD = adminPasswordHash('');

/** `admin`: SHA-0(SHA-0(password) ‖ random) for the server, or with the Virtual Hub's password for that hub. */
export const admin: MethodHandler = async (request, context) => {
  const { random, remote } = request;
  const asked = decodeAdminLogin(request.pack);
  if (asked === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  const hub = asked.hubName === '' ? undefined : context.directory.hub(asked.hubName);
  if (asked.hubName !== '' && hub === undefined) return refuse(ErrorCode.HUB_NOT_FOUND);
  // SoftEther protocol §9.11: Virtual Hubs of a cluster are administered at its controller.
  if (hub !== undefined && context.cluster?.isController() === false) return refuse(ErrorCode.NOT_ENOUGH_RIGHT);
  if (context.adminChannels.size >= context.limits.maxAdminConnections) return refuse(ErrorCode.SERVER_CANT_ACCEPT);

  const stored = storedHash(context, hub);
  const account = hub === undefined ? '(server)/administrator' : `${hub.name}/(administrator)`;
  const check = (): boolean => equalConstantTime(asked.securePassword, securePassword(stored, random));
  const isRight = await guarded(context, request, account, check, rightOrWrong);
  if (isRight === undefined) return refuse(ErrorCode.IP_ADDRESS_DENIED);
  if (!isRight) return refuse(ErrorCode.ACCESS_DENIED);

  const isEmpty = stored.equals(EMPTY_PASSWORD);
  if (isEmpty && hub !== undefined && !isLoopback(remote.address)) return refuse(ErrorCode.NULL_PASSWORD_LOCAL_ONLY);
  const login: AdminLogin = hub === undefined ? { role: 'server' } : { role: 'hub', hubName: hub.name };
  context.counters.adminLogins++;
  return { kind: 'admin', answer: encodeAdminLoginAnswer(isEmpty && asked.acceptEmptyPassword), login };
};

/** Old configurations keep twenty zeros for "no password". */
function storedHash(context: HandshakeContext, hub: HubRecord | undefined): Buffer {
  const hash = hub === undefined ? context.adminPassword.hashed() : Buffer.from(hub.hashedPassword, 'hex');
  return hash.length !== PASSWORD_HASH_BYTES || isNoPassword(hash) ? EMPTY_PASSWORD : hash;
}
