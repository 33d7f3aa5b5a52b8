import { HubfarmError } from '#base';

/** Why the engine does not run. The message says what to do. */
export type EngineErrorCode =
  'ENGINE_MISSING' | 'ENGINE_TOO_OLD' | 'ENGINE_PORT_TAKEN' | 'ENGINE_REMOVED' | 'ENGINE_CORRUPT' | 'ENGINE_FAILED';

export class EngineError extends HubfarmError {
  override readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.code = code;
  }
}
