import type { Policy, UserRecord } from '#hub';
import type { ErrorCode } from '../codec/error-codes.ts';

/** Why a log-in failed, for the log of the server. The client is told the number only. */
export type LoginFailure =
  | 'unknownUser'
  | 'wrongPassword'
  | 'wrongKindOfProof'
  | 'unknownKindOfProof'
  | 'wrongTicket'
  | 'badCertificate'
  | 'badSignature'
  | 'certificateNotValidNow'
  | 'certificateRevoked'
  | 'otherCertificate'
  | 'certificateNotSigned'
  | 'otherCommonName'
  | 'otherSerialNumber'
  | 'externalRefused'
  | 'externalUnsupported'
  | 'externalUnavailable'
  | 'emptyPasswordFromOutside'
  | 'expired'
  | 'accessDenied';

export interface LoginAccepted {
  readonly ok: true;
  /** The name that was authenticated, lower-cased as the original does. */
  readonly userName: string;
  /** The name of the record that it stands for: `*` where that is the fallback. */
  readonly realUserName: string;
  readonly isAdministrator: boolean;
  /** Undefined for the hub's administrator. */
  readonly user: UserRecord | undefined;
  readonly policy: Policy;
}

export interface LoginRefused {
  readonly ok: false;
  readonly error: ErrorCode;
  readonly reason: LoginFailure;
}

export type LoginVerdict = LoginAccepted | LoginRefused;
