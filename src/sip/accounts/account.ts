import type { Revision } from '#backplane';
import type { AccountRecord } from './records.ts';

/** An account as the directory holds it, ready to hand: nothing of it is computed when a message comes. */
export interface Account extends AccountRecord {
  readonly domain: string;
  /** `user@domain`: key of everything that is kept of the account. */
  readonly aor: string;
}

/** With what a guarded change of its record needs. */
export interface KeptAccount extends Account {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}
