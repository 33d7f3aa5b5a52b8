import type { Config } from '../config/sections.ts';
import type { ListenerStatus } from '../listener-set.ts';
import type { Sample } from '../metrics.ts';
import type { Seat } from './seat.ts';

/** What a member's thread is started with. */
export interface MemberInput {
  readonly seat: Seat;
  /** In each of its log records. */
  readonly name: string;
  readonly config: Config;
  readonly packageVersion: string;
}

export type ToMember =
  /** The first message, with an end of a channel: the invitation to the server's store. */
  | { readonly kind: 'open' }
  | { readonly kind: 'measure'; readonly id: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' };

export type FromMember =
  /** A line of the log, as JSON. */
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'up'; readonly listeners: readonly ListenerStatus[] }
  /** Why it could not start; it ends. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'measured'; readonly id: number; readonly samples: MemberSamples }
  | { readonly kind: 'pong' };

/** By the metric's name. */
export type MemberSamples = Readonly<Record<string, readonly Sample[]>>;
