import type { Reply, Request } from './requests.ts';
import type { StoreErrorCode } from './store-error.ts';

export type Question =
  | { readonly kind: 'run'; readonly requests: readonly Request[] }
  | { readonly kind: 'backup'; readonly path: string }
  | { readonly kind: 'close' };

/** To the store's thread. `id` comes back with the answer. */
export interface ToThread {
  readonly id: number;
  readonly question: Question;
}

export type Answer =
  | { readonly kind: 'opened'; readonly boot: number }
  | { readonly kind: 'replies'; readonly replies: readonly Reply[] }
  | { readonly kind: 'done' }
  /** An error does not keep its class on the way. */
  | { readonly kind: 'error'; readonly code: StoreErrorCode; readonly message: string };

export interface FromThread {
  readonly id: number;
  readonly answer: Answer;
}

/** The id of what the thread says by itself first: opened, or why not. */
export const openingId = 0;
