import type { CallCopy } from '#media';
import type { EndedCall } from './ended-call.ts';
import type { MediaDialog } from './media-dialogs.ts';

/** A call that is up, and what it takes to go on with its media elsewhere. */
export interface CopiedCall {
  readonly callId: string;
  /** Of the party that made the call, and of the one that has answered. */
  readonly aTag: string;
  readonly bTag: string;
  readonly copy: CallCopy;
}

/** Told of the calls whose media go through this member, so that others can go on with them when it dies. */
export interface MediaKeeper {
  /** It is up, or its media have been agreed upon anew. */
  changed(dialog: MediaDialog): void;
  ended(dialog: MediaDialog): void;
  /** A BYE has come: a member that died may have had the media of the call, or another one may go on with them as they were. */
  endedElsewhere(end: EndedCall): void;
}
