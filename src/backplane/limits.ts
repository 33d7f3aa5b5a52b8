import { HubfarmError } from '#base';

/** What every implementation accepts, so that a document of one can be loaded into another. */
export const limits = {
  /** UTF-8 bytes. */
  keyMaxBytes: 1024,
  valueMaxBytes: 1024 * 1024,
  transactionMaxOperations: 200_000,
  transactionMaxBytes: 64 * 1024 * 1024,
  leaseTtlMinMs: 100,
  leaseTtlMaxMs: 3_600_000,
  /** Calls waiting for the store. Beyond it a call is refused with `Unavailable`. */
  pendingMaxCalls: 100_000,
  watchesMax: 10_000,
  leasesMax: 10_000,
  candidatesMax: 10_000,
} as const;

/** A key, value, lease or transaction outside the limits: an error of the caller, nothing was applied. */
export class BadRequest extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('BAD_REQUEST', message, options);
  }
}

// Control characters, and U+10FFFF, which serves as the upper end of a prefix.
const forbidden = /[\u0000-\u001f\u007f\u{10ffff}]/u;

/** Keys are text such as `cfg/hub/DEFAULT`: well-formed, no control characters, not empty. */
export function checkKey(key: string): void {
  if (key === '') throw new BadRequest('a key must not be empty');
  checkPrefix(key);
}

/** As a key, but may be empty (= everything). */
export function checkPrefix(prefix: string): void {
  // A lone surrogate would become U+FFFD in the store, and two keys one.
  if (!prefix.isWellFormed() || forbidden.test(prefix)) {
    throw new BadRequest(`the key ${JSON.stringify(prefix.slice(0, 80))} has a control character or broken UTF-16`);
  }
  const bytes = Buffer.byteLength(prefix);
  if (bytes > limits.keyMaxBytes) {
    throw new BadRequest(
      `the key ${prefix.slice(0, 80)}… has ${bytes} bytes; at most ${limits.keyMaxBytes} are allowed`,
    );
  }
}

export function checkTtl(ttlMs: number): void {
  if (!(ttlMs >= limits.leaseTtlMinMs && ttlMs <= limits.leaseTtlMaxMs)) {
    throw new BadRequest(
      `a lease of ${ttlMs} ms is not possible; ${limits.leaseTtlMinMs} to ${limits.leaseTtlMaxMs} ms are allowed`,
    );
  }
}

/** The stored form of a value: a copy, so that the caller may reuse its buffer at once. */
export function valueBytes(key: string, value: Uint8Array | string): Uint8Array {
  // Not a slice of Buffer's pool: the whole pool would travel to the store's thread with each value.
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value);
  if (bytes.length > limits.valueMaxBytes) {
    throw new BadRequest(`the value of ${key} has ${bytes.length} bytes; at most ${limits.valueMaxBytes} are allowed`);
  }
  return bytes;
}
