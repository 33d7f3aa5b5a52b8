import { withoutBridging, type Policy } from '#hub';
import { ErrorCode } from '../codec/error-codes.ts';
import type { LoginRequest } from '../codec/login.ts';

/** What a session is given: the client's wishes, cut to its policy. */
export interface SessionTerms {
  readonly policy: Policy;
  /** TCP connections, 1 to 32. */
  readonly maxConnection: number;
  readonly isHalfConnection: boolean;
  readonly isEncrypted: boolean;
  readonly isCompressed: boolean;
  readonly isBridgeMode: boolean;
  readonly isMonitorMode: boolean;
  readonly timeoutMs: number;
}

/** What of a log-in the terms depend on. */
export type SessionWishes = Pick<
  LoginRequest,
  | 'client'
  | 'maxConnection'
  | 'useEncrypt'
  | 'useCompress'
  | 'halfConnection'
  | 'requireBridgeRoutingMode'
  | 'requireMonitorMode'
>;

export interface TermsInput {
  readonly request: SessionWishes;
  /** The user's own, else the group's, else the default one. */
  readonly policy: Policy;
  /** The client runs on this machine: it may bridge, whatever the policy says. */
  readonly isLocalhost: boolean;
  readonly canBeUnencrypted: boolean;
}

const MAX_CONNECTIONS = 32;
const MIN_TIMEOUT_MS = 5_000;
const MAX_TIMEOUT_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 20_000;
/** Older clients ignore NoSavePassword and AutoDisconnect. */
const FIRST_BUILD_WITH_SAVE_RULES = 6560;

/** SoftEther protocol §4.3, from the policy to the session: the terms, or the error to answer. */
export function sessionTerms({ request, policy, isLocalhost, canBeUnencrypted }: TermsInput): SessionTerms | number {
  const isClient = /client/i.test(request.client.name);
  const needsNewClient = policy.NoSavePassword || policy.AutoDisconnect !== 0;
  if (isClient && needsNewClient && request.client.build < FIRST_BUILD_WITH_SAVE_RULES)
    return ErrorCode.VERSION_INVALID;
  if (!policy.Access) return ErrorCode.ACCESS_DENIED;
  if (request.requireMonitorMode && !policy.MonitorPort) return ErrorCode.MONITOR_MODE_DENIED;
  const isBridgeMode = wantsBridgeMode(request) && !request.requireMonitorMode;
  if (isBridgeMode && policy.NoBridge && policy.NoRouting && !isLocalhost) return ErrorCode.BRIDGE_MODE_DENIED;
  return {
    policy: bridgingPolicy(policy, isBridgeMode, isLocalhost),
    maxConnection: connectionCount(request, policy),
    isHalfConnection: request.halfConnection,
    isEncrypted: request.useEncrypt || !canBeUnencrypted,
    isCompressed: request.useCompress,
    isBridgeMode,
    isMonitorMode: request.requireMonitorMode,
    timeoutMs: sessionTimeoutMs(policy),
  };
}

/** Cascades and bridges of other servers do not always set the flag. */
function wantsBridgeMode({ requireBridgeRoutingMode, client }: SessionWishes): boolean {
  return requireBridgeRoutingMode || /server|bridge/i.test(client.name);
}

function bridgingPolicy(policy: Policy, isBridgeMode: boolean, isLocalhost: boolean): Policy {
  if (isLocalhost) return { ...policy, NoBridge: false, NoRouting: false };
  return isBridgeMode ? policy : withoutBridging(policy);
}

function connectionCount(request: SessionWishes, policy: Policy): number {
  const allowed = Math.min(policy.MaxConnection === 0 ? MAX_CONNECTIONS : policy.MaxConnection, MAX_CONNECTIONS);
  const count = Math.max(1, Math.min(request.maxConnection, allowed));
  // one each way
  return request.halfConnection ? Math.max(2, count) : count;
}

function sessionTimeoutMs(policy: Policy): number {
  if (policy.TimeOut === 0) return DEFAULT_TIMEOUT_MS;
  return Math.min(Math.max(policy.TimeOut * 1000, MIN_TIMEOUT_MS), MAX_TIMEOUT_MS);
}
