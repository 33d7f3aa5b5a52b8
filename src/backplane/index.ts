export { Conflict, Forbidden, Unavailable } from './backplane.ts';
export type {
  Backplane,
  BackplaneState,
  Batch,
  Entry,
  Guard,
  Leadership,
  Lease,
  Operation,
  PutOptions,
  Revision,
} from './backplane.ts';
export { Coalescer, type CoalescedPut } from './coalescer.ts';
export { BadDocument, type ConfigDocument, type DocumentEntry } from './documents/document.ts';
export { exportJson } from './documents/export.ts';
export { importJson, type ImportOptions, type ImportResult } from './documents/import.ts';
export {
  joinEmbedded,
  openEmbedded,
  openEmbeddedStore,
  type EmbeddedOptions,
  type EmbeddedStore,
} from './embedded/open.ts';
export { StoreError, type StoreErrorCode } from './embedded/store-error.ts';
export type { EngineStatus } from './etcd/codec/maintenance.ts';
export type { EngineMember } from './etcd/codec/membership.ts';
export type { AccessLevel, EngineAccess } from './etcd/engine/engine-access.ts';
export { EngineAdministration, type EngineAdmission } from './etcd/engine/engine-administration.ts';
export { roleForNext, type EngineRole } from './etcd/engine/engine-roles.ts';
export { Engine } from './etcd/engine/engine.ts';
export { engineVersion } from './etcd/engine/engine-version.ts';
export { EngineError, type EngineErrorCode } from './etcd/engine/engine-error.ts';
export { enginePorts, type EngineOptions, type EnginePeer, type EngineTlsFiles } from './etcd/engine/engine-options.ts';
export { EngineUpkeep, type UpkeepOptions } from './etcd/engine/engine-upkeep.ts';
export { openEtcd, type EtcdOptions } from './etcd/open.ts';
export type { EngineEndpoint } from './etcd/rpc/engine-client.ts';
export type { EngineTls } from './etcd/rpc/endpoint.ts';
export { BadRequest, limits as backplaneLimits } from './limits.ts';
