import type { Logger } from '#base';
import type { Clock } from '#io';
import type { LocalFaces } from './local-faces.ts';
import type { MediaRelay } from './relay/relay.ts';
import type { RelayReason } from './relay-rules.ts';
import type { MediaConfig } from './settings.ts';
import type { PortSource } from './stream-ports.ts';

export interface MediaTally {
  /** Should have been relayed, and were not. */
  full: number;
  /** Ended since nothing came from either side. */
  silent: number;
  /** Sessions that broke. */
  failed: number;
}

/** A call whose media are relayed. */
export interface RunningCall {
  readonly reason: RelayReason | undefined;
  end(): unknown;
}

/** What the calls of a media proxy work with. */
export interface MediaServices {
  readonly relay: MediaRelay;
  readonly ports: PortSource;
  readonly faces: LocalFaces;
  readonly settings: Pick<MediaConfig, 'relay' | 'timeoutS' | 'heldTimeoutS'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly tally: MediaTally;
  /** A session is open. */
  began(call: RunningCall): void;
  /** `isEmpty`: without a single packet. */
  ended(call: RunningCall, isEmpty: boolean): void;
}
