export { cliCommands } from './cli/commands-of-program.ts';
export { knownServersPath } from './cli/connection.ts';
export { hostAndPortText, parseHostAndPort, type HostAndPort } from './cli/endpoint.ts';
export { CliError, ExitCode, usageError } from './cli/exit-code.ts';
export { parseFingerprint } from './cli/known-servers.ts';
export { runProgram, type CliProgram, type CommandRegistration } from './cli/program.ts';
export type { CliRuntime } from './cli/runtime.ts';
export { ServerTrust } from './cli/server-trust.ts';
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
  ConnectionControl,
  HubDirectoryControl,
  HubHostControl,
  IdentityControl,
  ListenerControl,
  OsFacts,
  ServerFacts,
  ServerLimits,
} from './operations/context.ts';
export type { Operation } from './operations/operation.ts';
export { operations } from './operations/table.ts';
export { documentedFields } from './documentation/model.ts';
export { SoftEtherRpc } from './softether-rpc/softether-rpc.ts';
