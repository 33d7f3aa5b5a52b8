export { MemberCalls, type MemberCallsOptions } from './cluster/member-calls.ts';
export { serveOperations, type ServedMember } from './cluster/serve-operations.ts';
export { documentationMarkdown } from './documentation/markdown.ts';
export { HttpFace, type HttpFaceOptions } from './http/http-face.ts';
export { defaultHttpFaceLimits, type HttpFaceLimits } from './http/limits.ts';
export type { Guard } from './http/guard.ts';
export type { Health, HealthReport } from './http/page-routes.ts';
export { FileAuditLog, type AuditFile, type AuditLog } from './operations/audit-log.ts';
export type { AuditEvent, AuditRecord } from './operations/audit-record.ts';
export type {
  AdminContext,
  AdminPasswordControl,
  BridgeControl,
  ClusterControl,
  ClusterStatistics,
  ConnectionControl,
  HubDirectoryControl,
  HubHostControl,
  IdentityControl,
  ListenerControl,
  OsFacts,
  ServerFacts,
  ServerLimits,
} from './operations/context.ts';
export { configurationBackup, lossesOfMode, type Configured } from './operations/mode-change.ts';
export {
  LicenceDirectory,
  type LicenceDirectoryOptions,
  type RegisteredLicence,
} from './licences/licence-directory.ts';
export type { Operation } from './operations/operation.ts';
export { sipControl, type RegistrationControl, type SipControl, type SipStatus } from './operations/sip-control.ts';
export { operations } from './operations/table.ts';
export { documentedFields } from './documentation/model.ts';
export { SoftEtherRpc } from './softether-rpc/softether-rpc.ts';
