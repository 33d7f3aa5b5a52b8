import type { Revision } from '#backplane';
import type { AccountRecord } from './records.ts';

/** Who an account is. */
export interface NamedAccount {
  /** `user@domain`: key of everything that is kept of the account. */
  readonly aor: string;
  readonly isEnabled: boolean;
}

/** An account as the directory holds it, ready to hand: nothing of it is computed when a message comes. */
export interface Account extends AccountRecord, NamedAccount {
  readonly domain: string;
}

/** With what a guarded change of its record needs. */
export interface KeptAccount extends Account {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}
