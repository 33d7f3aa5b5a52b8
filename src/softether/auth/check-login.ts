import { administratorPolicy, type HubRecord, type Policy, type UserRecord } from '#hub';
import type { CertificateInfo } from '#base';
import { ErrorCode } from '../codec/error-codes.ts';
import type { LoginProof } from '../codec/login-proof.ts';
import { checkCertificate } from './check-certificate.ts';
import {
  checkAdministrator,
  checkPassword,
  checkPlainPassword,
  isHubPasswordEmpty,
  isPasswordEmpty,
} from './check-password.ts';
import type { ExternalAnswer, ExternalAuthenticator, ExternalQuestion } from './external-authenticator.ts';
import { ADMINISTRATOR } from './password-hash.ts';
import type { LoginFailure, LoginRefused, LoginVerdict } from './verdict.ts';

export interface LoginCheck {
  readonly userName: string;
  readonly proof: LoginProof;
  readonly hub: HubRecord;
  /** The record of this name, and that of `*`, which stands in for users that only RADIUS or a domain knows. */
  readonly user: UserRecord | undefined;
  readonly anyUser?: UserRecord | undefined;
  /** The user's own policy, else the group's, else the default. */
  readonly policyOf: (user: UserRecord) => Policy;
  /** The 20 bytes of the Hello on this connection. */
  readonly random: Buffer;
  /** Unix milliseconds. */
  readonly nowMs: number;
  readonly isFromLoopback: boolean;
  /** Hub option: an empty password is good on loopback only. For the administrator it always is. */
  readonly denyEmptyPassword?: boolean;
  /** DER of the authorities that the hub trusts to sign user certificates. */
  readonly authorities?: readonly Buffer[];
  readonly isRevoked?: (certificate: CertificateInfo) => boolean;
  readonly external?: ExternalAuthenticator;
}

/**
 * Decides a log-in (SoftEther protocol §4.3, steps 7, 8, 12 and 13). At once, but where a RADIUS server or a domain
 * has to be asked. Tickets are for who gave them out: here they are wrong.
 */
export function checkLogin(check: LoginCheck): LoginVerdict | Promise<LoginVerdict> {
  const { user, proof } = check;
  // Whatever the client sends: an anonymous user needs no proof
  if (user?.auth.kind === 'anonymous') return account(check, user);
  if (isAdministrator(check) && proof.kind === 'password') return administrator(check, proof.secure);
  switch (proof.kind) {
    case 'password':
      return checkPassword(user, proof.secure, check.random) && user !== undefined
        ? withPassword(check, user, isPasswordEmpty(user))
        : refuse(failureOfPassword(user));
    case 'plainPassword':
      return plainPassword(check, proof.password);
    case 'certificate':
      return certificate(check, proof.certificate, proof.signature);
    case 'anonymous':
      return refuse(user === undefined ? 'unknownUser' : 'wrongKindOfProof');
    case 'ticket':
      return refuse('wrongTicket');
    case 'unsupported':
      return refuse('unknownKindOfProof', ErrorCode.AUTHTYPE_NOT_SUPPORTED);
  }
}

function administrator(check: LoginCheck, secure: Buffer): LoginVerdict {
  if (!checkAdministrator(check.hub, secure, check.random)) return refuse('wrongPassword');
  if (isHubPasswordEmpty(check.hub) && !check.isFromLoopback) return emptyPassword;
  const names = { userName: ADMINISTRATOR, realUserName: ADMINISTRATOR };
  return { ok: true, ...names, isAdministrator: true, user: undefined, policy: administratorPolicy };
}

/** The user's own password first, then whoever else knows the user. */
function plainPassword(check: LoginCheck, password: string): LoginVerdict | Promise<LoginVerdict> {
  const { user, anyUser } = check;
  if (checkPlainPassword(user, check.userName, password) && user !== undefined) {
    return withPassword(check, user, password === '');
  }
  const question = externalQuestion(check, password, user ?? anyUser);
  if (question === undefined) return refuse(failureOfPassword(user));
  if (check.external === undefined) return refuse('externalUnsupported');
  const record = user ?? anyUser;
  return check.external.authenticate(question).then(
    (answer) =>
      answer === 'accepted' && record !== undefined ? withPassword(check, record, password === '') : external(answer),
    () => external('unavailable'),
  );
}

function externalQuestion(
  check: LoginCheck,
  password: string,
  record: UserRecord | undefined,
): ExternalQuestion | undefined {
  const question = { hubName: check.hub.name, password };
  switch (record?.auth.kind) {
    case 'radius':
      return { ...question, kind: 'radius', userName: record.auth.radiusName || check.userName };
    case 'ntDomain':
      return { ...question, kind: 'ntDomain', userName: record.auth.ntName || check.userName };
    default:
      return undefined;
  }
}

function external(answer: ExternalAnswer | 'unavailable'): LoginRefused {
  if (answer === 'unavailable') return refuse('externalUnavailable');
  return refuse(answer === 'unsupported' ? 'externalUnsupported' : 'externalRefused');
}

function certificate(check: LoginCheck, sent: Buffer, signature: Buffer): LoginVerdict {
  const { user, random, nowMs, authorities = [], isRevoked } = check;
  const question = { user, certificate: sent, signature, random, nowMs, authorities };
  const failure = checkCertificate(isRevoked === undefined ? question : { ...question, isRevoked });
  if (failure !== undefined || user === undefined) return refuse(failure ?? 'unknownUser');
  return account(check, user);
}

function withPassword(check: LoginCheck, user: UserRecord, isEmpty: boolean): LoginVerdict {
  const isDenied = check.denyEmptyPassword === true || isAdministrator(check);
  return isEmpty && isDenied && !check.isFromLoopback ? emptyPassword : account(check, user);
}

/** What holds for every user, however he has proved it. */
function account(check: LoginCheck, user: UserRecord): LoginVerdict {
  if (user.expiresAtMs !== 0 && check.nowMs >= user.expiresAtMs) return refuse('expired', ErrorCode.ACCESS_DENIED);
  const policy = check.policyOf(user);
  if (!policy.Access) return refuse('accessDenied', ErrorCode.ACCESS_DENIED);
  const names = { userName: check.userName.toLowerCase(), realUserName: user.name };
  return { ok: true, ...names, isAdministrator: false, user, policy };
}

const emptyPassword = refuse('emptyPasswordFromOutside', ErrorCode.NULL_PASSWORD_LOCAL_ONLY);

function isAdministrator({ userName }: LoginCheck): boolean {
  return userName.toLowerCase() === ADMINISTRATOR;
}

function failureOfPassword(user: UserRecord | undefined): LoginFailure {
  if (user === undefined) return 'unknownUser';
  return user.auth.kind === 'password' ? 'wrongPassword' : 'wrongKindOfProof';
}

function refuse(reason: LoginFailure, error: ErrorCode = ErrorCode.AUTH_FAILED): LoginRefused {
  return { ok: false, error, reason };
}
