import type { Backplane } from '#backplane';
import type { OwnRecords } from './own-records.ts';

/** Which member of the server this is: 0 = the one on the first thread, which also administers. */
export interface Seat {
  readonly index: number;
  /** How many members this server has. */
  readonly count: number;
}

/** Where a member keeps what. Stand-alone, both are the same. */
export interface Stores {
  /** On this server's disk: what is its own. */
  readonly local: Backplane;
  /** Of all servers together: hubs, users, who is there. */
  readonly shared: Backplane;
  readonly own: OwnRecords;
}
