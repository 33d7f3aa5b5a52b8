/**
 * The root of every error that hubfarm throws on purpose. `code` is stable and is what callers match on;
 * `message` is for people: lower case, names the thing and the value, and says what to do where that is known.
 */
export class HubfarmError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Bytes that are not what the format says. `offset` is where decoding stopped. */
export class DecodeError extends HubfarmError {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super('DECODE', `${message} (at byte ${offset})`);
    this.offset = offset;
  }
}

/** Why something failed, for people. `error` is whatever was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
