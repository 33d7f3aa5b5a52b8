import { HubfarmError } from '#base';

export type AccountErrorCode =
  | 'SIP_DOMAIN_NOT_FOUND'
  | 'SIP_DOMAIN_EXISTS'
  | 'SIP_ACCOUNT_NOT_FOUND'
  | 'SIP_ACCOUNT_EXISTS'
  | 'SIP_ALIAS_TAKEN'
  | 'TOO_MANY_SIP_DOMAINS'
  | 'TOO_MANY_SIP_ACCOUNTS'
  | 'BAD_NAME'
  | 'BAD_RECORD'
  | 'NOT_CONTROLLER'
  | 'BUSY';

/** A change of domains or accounts that is not possible. */
export class AccountError extends HubfarmError {
  override readonly code: AccountErrorCode;

  constructor(code: AccountErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.code = code;
  }
}
