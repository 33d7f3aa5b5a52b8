import type { MemberId } from '#cluster';
import type { SipListenerStatus } from '#sip';
import type { ClusterPart, RemoteCluster } from '../cluster/cluster-part.ts';
import type { Config } from '../config/sections.ts';
import type { ListenerStatus } from '../listener-set.ts';
import type { Sample } from '../metrics.ts';
import type { Seat } from './seat.ts';

/** What a member's thread is started with. */
export interface MemberInput {
  readonly seat: Seat;
  readonly part: ClusterPart;
  readonly config: Config;
  readonly packageVersion: string;
}

export type ToMember =
  /** The first message, with an end of a channel: the invitation to the server's store. */
  | { readonly kind: 'open' }
  | { readonly kind: 'measure'; readonly id: number }
  | { readonly kind: 'ping' }
  /** The server has a new certificate, or the cluster other engines. */
  | { readonly kind: 'remote'; readonly remote: RemoteCluster }
  /** With an end of a line to `from`, which has asked for it. */
  | { readonly kind: 'line'; readonly from: MemberId }
  /** With an end of the line that was asked for. */
  | { readonly kind: 'connected'; readonly id: number }
  | { readonly kind: 'notConnected'; readonly id: number; readonly cause: string }
  | { readonly kind: 'stop' };

export type FromMember =
  /** A line of the log, as JSON. */
  | { readonly kind: 'log'; readonly line: string }
  | {
      readonly kind: 'up';
      readonly listeners: readonly ListenerStatus[];
      readonly sipListeners: readonly SipListenerStatus[];
    }
  /** Why it could not start; it ends. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'measured'; readonly id: number; readonly samples: MemberSamples }
  | { readonly kind: 'pong' }
  | { readonly kind: 'connect'; readonly id: number; readonly to: MemberId };

/** By the metric's name. */
export type MemberSamples = Readonly<Record<string, readonly Sample[]>>;
