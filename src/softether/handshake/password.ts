import type { HubRecord, UserRecord } from '#hub';
import { checkPassword } from '../auth/check-password.ts';
import { ErrorCode } from '../codec/error-codes.ts';
import { encodeError } from '../codec/login-answer.ts';
import { decodePasswordChange, type PasswordChange } from '../codec/password-change.ts';
import type { HandshakeContext, MethodHandler } from './context.ts';
import { effectivePolicy } from './effective-policy.ts';
import { guarded, rightOrWrong } from './guarded.ts';
import { refuse, type Outcome } from './outcome.ts';

const NO_NT_HASH = '0'.repeat(32);

/** `password`: a user changes his own password. Answered when the new one is durable. */
export const password: MethodHandler = async (request, context) => {
  const change = decodePasswordChange(request.pack);
  if (change === undefined) return refuse(ErrorCode.PROTOCOL_ERROR);
  // Only members that log users in know what may be written.
  if (context.cluster?.acceptsLogins() === false) return refuse(ErrorCode.NOT_FARM_CONTROLLER);
  const hub = context.directory.hub(change.hubName);
  if (hub === undefined) return refuse(ErrorCode.HUB_NOT_FOUND);
  const user = context.directory.user(hub.name, change.userName);
  if (user !== undefined && user.auth.kind !== 'password') return refuse(ErrorCode.USER_AUTHTYPE_NOT_PASSWORD);
  if (user !== undefined && effectivePolicy(context, hub, user).FixPassword) return refuse(ErrorCode.NOT_ENOUGH_RIGHT);

  const account = `${hub.name}/${change.userName}`;
  const isOldRight = (): boolean => checkPassword(user, change.secureOldPassword, request.random);
  const isRight = await guarded(context, request, account, isOldRight, rightOrWrong);
  if (isRight === undefined) return refuse(ErrorCode.IP_ADDRESS_DENIED);
  if (!isRight || user === undefined) return refuse(ErrorCode.OLD_PASSWORD_WRONG);
  return store(context, hub, user, change);
};

async function store(
  context: HandshakeContext,
  hub: HubRecord,
  user: UserRecord,
  { newHashedPassword, newNtHash }: PasswordChange,
): Promise<Outcome> {
  try {
    const hashedKey = newHashedPassword.toString('hex');
    const ntHash = newNtHash?.toString('hex') ?? NO_NT_HASH;
    const auth = { kind: 'password', hashedKey, ntHash } as const;
    await context.directory.updateUser(hub.name, user.name, (current) => ({ ...current, auth }));
  } catch (error) {
    context.logger.error({ hub: hub.name, user: user.name, err: error }, 'password change was not stored');
    return refuse(ErrorCode.INTERNAL_ERROR);
  }
  context.logger.info({ hub: hub.name, user: user.name }, 'user changed his password');
  return { kind: 'answer', answer: encodeError(ErrorCode.NO_ERROR) };
}
