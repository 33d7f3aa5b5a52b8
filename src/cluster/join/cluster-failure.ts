import { HubfarmError } from '#base';

/** Why a step failed. Stable: the faces map these to their own error numbers. */
export type ClusterFailureCode =
  | 'BUSY'
  | 'BAD_REQUEST'
  | 'CANNOT_CONNECT'
  | 'NOT_HUBFARM'
  | 'PROTOCOL'
  | 'VERSION_MISMATCH'
  | 'BLOCKED'
  | 'WRONG_PASSWORD'
  | 'MAN_IN_THE_MIDDLE'
  | 'NOT_CONTROLLER'
  | 'NOT_READY'
  | 'CLOCK_SKEW'
  | 'NAME_TAKEN'
  | 'OTHER_CLUSTER'
  | 'ALREADY_CONTROLLER'
  | 'PUBLIC_ADDRESS_UNREACHABLE'
  | 'BAD_PUBLIC_ADDRESS'
  | 'WRONG_KEY'
  | 'NOT_IN_CLUSTER'
  | 'NO_SUCH_SERVER'
  | 'LAST_CONTROLLER'
  | 'LICENCE'
  | 'ENGINE'
  | 'STORE'
  | 'RESTART';

/** A step of init, join, leave … that did not work. The message says what was tried, with its value, and what to do. */
export class ClusterFailure extends HubfarmError {
  override readonly code: ClusterFailureCode;
  /** The step in words: `prove the controller's password`. */
  readonly step: string;

  constructor(code: ClusterFailureCode, step: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.code = code;
    this.step = step;
  }
}
