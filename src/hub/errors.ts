import { HubfarmError } from '#base';

/** What a change to hubs, users or bridges can be refused for. */
export type DirectoryErrorCode =
  | 'HUB_NOT_FOUND'
  | 'HUB_EXISTS'
  | 'HUB_ONLINE'
  | 'NOT_CONTROLLER'
  | 'USER_NOT_FOUND'
  | 'USER_EXISTS'
  | 'TOO_MANY_USERS'
  | 'TOO_MANY_HUBS'
  | 'BAD_NAME'
  | 'BAD_RECORD'
  | 'BRIDGE_NOT_FOUND'
  | 'BRIDGE_EXISTS'
  | 'TOO_MANY_BRIDGES'
  | 'BUSY';

export class DirectoryError extends HubfarmError {
  override readonly code: DirectoryErrorCode;

  constructor(code: DirectoryErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.code = code;
  }
}
