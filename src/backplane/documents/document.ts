import { HubfarmError } from '#base';

/**
 * The durable state as one JSON document, the same for every implementation: for people to read and compare, for moving
 * a stand-alone server into a cluster and back. It holds password hashes and private keys: keep it as secret as the store.
 */
export interface ConfigDocument {
  readonly format: typeof documentFormat;
  readonly version: typeof documentVersion;
  /** ISO 8601, UTC. For people only. */
  readonly exportedAt?: string;
  /** For people only. */
  readonly notes?: readonly string[];
  /** In the order of keys. */
  readonly entries: readonly DocumentEntry[];
}

/** `value` = any JSON; `base64` = bytes that are not JSON, or not as JSON.stringify would write it. */
export type DocumentEntry =
  { readonly key: string; readonly value: unknown } | { readonly key: string; readonly base64: string };

export const documentFormat = 'hubfarm-config';
export const documentVersion = 1;
/** What is exported, and all that a document may hold. Everything else lives with members and sessions. */
export const documentPrefixes = ['cfg/', 'stat/'] as const;

/** A document that cannot be imported. Nothing was written. */
export class BadDocument extends HubfarmError {
  constructor(message: string) {
    super('BAD_DOCUMENT', `${message}; nothing was imported`);
  }
}
