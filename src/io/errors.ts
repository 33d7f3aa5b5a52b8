import { HubfarmError } from '#base';

/** Why the outside world said no. Stable: callers match on these. */
export type IoErrorCode =
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_NOT_AVAILABLE'
  | 'NO_PERMISSION'
  | 'TOO_MANY_FILES'
  | 'BAD_IDENTITY'
  | 'REFUSED'
  | 'UNREACHABLE'
  | 'UNKNOWN_HOST'
  | 'TIMEOUT'
  | 'TLS_FAILED'
  | 'CONNECTION_LOST'
  | 'LOCKED'
  | 'NOT_FOUND'
  | 'NOT_A_DIRECTORY'
  | 'DISK_FULL'
  | 'READ_ONLY'
  | 'TOO_LARGE'
  | 'COMMAND_NOT_FOUND'
  | 'NO_SUCH_DEVICE'
  | 'NAME_TAKEN'
  | 'BAD_NAME'
  | 'BAD_ADDRESS'
  | 'IN_USE'
  | 'NOT_USABLE'
  | 'NOT_AVAILABLE'
  | 'DEVICE_GONE'
  | 'OTHER';

/** Something outside the process failed. The message names what was tried and says what to do, where that is known. */
export class IoError extends HubfarmError {
  override readonly code: IoErrorCode;

  constructor(code: IoErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.code = code;
  }
}
