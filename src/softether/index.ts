export { adminPasswordHash, ntHash, securePassword, userPasswordHash } from './auth/password-hash.ts';
export { ErrorCode, errorText } from './codec/error-codes.ts';
export { Pack } from './codec/pack.ts';
export type { PackElement } from './codec/pack-element.ts';
export { adminPackLimits } from './codec/pack-limits.ts';
export { policyFieldKinds } from './codec/policy-fields.ts';
export type {
  AdminChannel,
  AdminConnectionHandler,
  AdminConversation,
  AdminLogin,
} from './admin-connection-handler.ts';
export { defaultSoftEtherLimits, type SoftEtherLimits } from './config.ts';
export type { ConnectionInfo } from './connection-info.ts';
export type { SoftEtherCounters } from './counters.ts';
export { ClusterSessions } from './cluster/cluster-sessions.ts';
export { defaultClusterSessionLimits, type ClusterSessionLimits } from './cluster/limits.ts';
export type { LicenceLimits } from './cluster/session-ledger.ts';
export type { ClusterDoor } from './handshake/cluster-door.ts';
export type { Place } from './handshake/placement.ts';
export { SoftEtherServer, type SoftEtherServerDeps } from './server.ts';
export { canSign, type ClientAccount, type Credentials } from './client/account.ts';
export type { ClientSession, SessionLoss } from './client/client-session.ts';
export { DeviceLink } from './client/device-link.ts';
export type { FramePort, FrameSession, OpenFramePort } from './client/frame-port.ts';
export { createClientHome, type ClientHome } from './client/home.ts';
export { defaultClientLimits, type ClientLimits } from './client/limits.ts';
export { destinationText, type ServerJudge } from './client/reach.ts';
export { VpnClient, type ClientEnd, type ClientEvent } from './client/vpn-client.ts';
export { SessionJournal } from './session-journal.ts';
