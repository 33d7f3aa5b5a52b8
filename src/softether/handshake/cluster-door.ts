import type { VirtualHub } from '#hub';
import type { ExpectedSession } from '../cluster/place-order.ts';
import type { JournalEntry } from '../journal-entry.ts';
import type { SoftEtherSession } from '../session.ts';

/** What being a member of a cluster changes of log-ins. A stand-alone server has none. */
export interface ClusterDoor {
  /** Users may prove themselves here. False: only tickets, and hub administrators, get in. */
  acceptsLogins(): boolean;
  /** False: this member has started while the engine is away, and has not learnt yet which hubs there are. */
  knowsHubs(): boolean;
  /** Hub administrators administer their hub here. */
  isController(): boolean;
  /** What the ticket is good for; it has been used then, and `released` is told if no session comes of it. */
  takeTicket(ticket: Buffer, hubName: string): ExpectedSession | undefined;
  released(session: ExpectedSession): void;
  /** The instance of this hub here; a dynamic one is opened if it is to live here. Undefined: there is none. */
  openHub(hubName: string): Promise<VirtualHub | undefined>;
  /** Whether a session of before the restart may go on here. */
  mayResume(entry: JournalEntry): Promise<boolean>;
  /** `isPlaced`: the controller chose this member for it. */
  began(session: SoftEtherSession, isPlaced: boolean): void;
  ended(session: SoftEtherSession): void;
}
