import type { PackedReply, PackedRequest } from './packed-requests.ts';
import type { Reply } from './requests.ts';
import type { StoreErrorCode } from './store-error.ts';

export type Question =
  | { readonly kind: 'run'; readonly requests: readonly PackedRequest[] }
  | { readonly kind: 'backup'; readonly path: string }
  /** Of the thread that opened the store: it closes, for all. Of another: that one leaves. */
  | { readonly kind: 'close' };

/** From a client to the store's thread. */
export type ToThread =
  /** `id` comes back with the answer. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'granted'; readonly lease: string; readonly ttlMs: number }
  | { readonly kind: 'renewed'; readonly lease: string }
  /** With an end of a channel: whoever holds the other is a client too. */
  | { readonly kind: 'invite' };

export type Answer =
  | { readonly kind: 'opened'; readonly leasePrefix: string }
  | { readonly kind: 'replies'; readonly replies: readonly PackedReply[] }
  | { readonly kind: 'done' }
  /** An error does not keep its class on the way. */
  | { readonly kind: 'error'; readonly code: StoreErrorCode; readonly message: string };

export type FromThread =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  /** What other clients were answered, as far as it changed something. */
  | { readonly kind: 'others'; readonly replies: readonly Reply[] };

/** The id of what the thread says by itself first: opened, or why not. */
export const openingId = 0;
