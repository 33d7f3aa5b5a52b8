import type { Policy } from './records.ts';
import type { SessionInfo, SessionKind } from './session-info.ts';

/** Why a hub ends a session. `moved`: it goes on elsewhere in the cluster as soon as its client connects again. */
export type DisconnectReason =
  'administrator' | 'hubOffline' | 'hubDeleted' | 'serverStopping' | 'moved' | 'timeout' | 'error';

/** What a hub needs to know of whoever sits behind one of its ports. */
export interface AttachedSession {
  /** `SID-<USER>-<n>`; unique in the hub, compared without case. */
  readonly name: string;
  readonly kind: SessionKind;
  readonly userName: string;
  /** The policy in force: group and hub defaults, NoBridge and NoRouting are already worked in. Does not change. */
  readonly policy: Policy;
  info(): SessionInfo;
  /** Ends the session. It detaches its port, at once or soon after. */
  disconnect(reason: DisconnectReason): void;
  /** Output is pending: take blocks from the port and send them. Called at most once per turn of the loop, mostly. */
  flush(): void;
}
