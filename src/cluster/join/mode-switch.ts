import type { ClusterMode } from '../cluster-modes.ts';

/**
 * Starting this server again in another mode, within the process. app implements it; init, join and leave use it.
 * What the mode is stands in `ClusterState`, which is written before `restart` is called.
 */
export interface ModeSwitch {
  /** What would be deleted or stop working in that mode (product V16): one line each, for people. Empty = nothing. */
  losses(to: ClusterMode): Promise<readonly string[]>;
  /** Writes all configuration (JSON export) and the list of what is deleted to a file, and returns its path. */
  backUp(to: ClusterMode): Promise<string>;
  /**
   * Stops this server (sessions end in order) and starts it in the mode that `ClusterState` holds now. Resolves when it
   * listens and, as a controller, when its engine answers. Rejects with why it could not start; nothing runs then, and the
   * caller puts `ClusterState` back and calls again.
   * `importFrom`: a file of `backUp`, whose configuration the new shared store begins with (init, leave).
   */
  restart(options?: { readonly importFrom?: string }): Promise<void>;
}
