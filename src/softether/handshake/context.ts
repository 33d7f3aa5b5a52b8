import type { Logger, LoginGuard } from '#base';
import type { HubDirectory, HubHost } from '#hub';
import type { Clock, Endpoint, Random, TlsInfo } from '#io';
import type { ExternalAuthenticator } from '../auth/external-authenticator.ts';
import type { Pack } from '../codec/pack.ts';
import type { SoftEtherLimits } from '../config.ts';
import type { SoftEtherCounters } from '../counters.ts';
import type { SessionHome } from '../session.ts';
import type { SessionJournal } from '../session-journal.ts';
import type { SessionTable } from '../session-table.ts';
import type { ClusterDoor } from './cluster-door.ts';
import type { GroupPolicies } from './effective-policy.ts';
import type { Outcome } from './outcome.ts';
import type { Placement } from './placement.ts';

/** What the method handlers work with. */
export interface HandshakeContext extends GroupPolicies {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits: SoftEtherLimits;
  readonly directory: HubDirectory;
  readonly host: HubHost;
  readonly guard: LoginGuard;
  readonly sessions: SessionTable;
  /** Administrators' connections that are up. */
  readonly adminChannels: { readonly size: number };
  readonly sessionHome: SessionHome;
  readonly placement: Placement;
  /** Absent: a stand-alone server. */
  readonly cluster?: ClusterDoor;
  /** RADIUS and domains. */
  readonly external?: ExternalAuthenticator;
  /** Absent: sessions do not outlive the process. */
  readonly journal?: SessionJournal;
  readonly adminPassword: { hashed(): Buffer };
  readonly counters: SoftEtherCounters;
}

/** One method PACK and the connection that it came on. */
export interface MethodRequest {
  readonly pack: Pack;
  /** The 20 bytes of the Hello, which every proof is made with. */
  readonly random: Buffer;
  /** `CID-7` */
  readonly connectionName: string;
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsInfo | undefined;
  readonly canDropEncryption: boolean;
}

export type MethodHandler = (request: MethodRequest, context: HandshakeContext) => Promise<Outcome> | Outcome;
