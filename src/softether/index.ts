export { adminPasswordHash, ntHash, securePassword, userPasswordHash } from './auth/password-hash.ts';
export { ErrorCode, errorText } from './codec/error-codes.ts';
export { encodeError } from './codec/login-answer.ts';
export { nodeInfoOf, setNodeInfo } from './codec/node-info.ts';
export { Pack } from './codec/pack.ts';
export type { PackElement, PackType, PackValue } from './codec/pack-element.ts';
export { adminPackLimits, preAuthPackLimits, type PackLimits } from './codec/pack-limits.ts';
export { policyFieldKinds, policyOf, setPolicy } from './codec/policy-fields.ts';
export type {
  AdminChannel,
  AdminConnectionHandler,
  AdminConversation,
  AdminLogin,
} from './admin-connection-handler.ts';
export { defaultSoftEtherLimits, type SoftEtherLimits } from './config.ts';
export type { ConnectionInfo, ConnectionType } from './connection-info.ts';
export type { SoftEtherCounters } from './counters.ts';
export { ClusterSessions, type ClusterSessionsOptions } from './cluster/cluster-sessions.ts';
export type { DrainProgress } from './cluster/drain.ts';
export { defaultClusterSessionLimits, type ClusterSessionLimits } from './cluster/limits.ts';
export type { LicenceLimits } from './cluster/session-ledger.ts';
export type { ClusterDoor } from './handshake/cluster-door.ts';
export type { Place, Placement, PlacementRequest } from './handshake/placement.ts';
export { SoftEtherServer, type SoftEtherServerDeps } from './server.ts';
export type { SoftEtherSession } from './session.ts';
export { canSign, type ClientAccount, type ClientIdentity, type Credentials } from './client/account.ts';
export type { ClientSession, SessionLoss } from './client/client-session.ts';
export { DeviceLink, type FrameObserver } from './client/device-link.ts';
export type { ClientFailure } from './client/failure.ts';
export type { FramePort, FrameSession, OpenFramePort } from './client/frame-port.ts';
export { createClientHome, type ClientHome } from './client/home.ts';
export { defaultClientLimits, type ClientLimits } from './client/limits.ts';
export { destinationText, type ServerJudge } from './client/reach.ts';
export { VpnClient, type ClientEnd, type ClientEvent } from './client/vpn-client.ts';
export { SessionJournal, type SessionJournalOptions } from './session-journal.ts';
