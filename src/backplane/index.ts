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
export { Coalescer, settled, type WriteDone } from './coalescer.ts';
export { BadDocument, type ConfigDocument } from './documents/document.ts';
export { exportJson, exportText } from './documents/export.ts';
export { importJson } from './documents/import.ts';
export { joinEmbedded, openEmbedded, openEmbeddedStore, type EmbeddedStore } from './embedded/open.ts';
export { StoreError } from './embedded/store-error.ts';
export { EngineAdministration, type EngineAdmission } from './etcd/engine/engine-administration.ts';
export { Engine } from './etcd/engine/engine.ts';
export { engineVersion } from './etcd/engine/engine-version.ts';
export type { EngineOptions, EnginePeer } from './etcd/engine/engine-options.ts';
export { EngineUpkeep } from './etcd/engine/engine-upkeep.ts';
export { openEtcd, type EtcdOptions } from './etcd/open.ts';
export type { EngineEndpoint } from './etcd/rpc/engine-client.ts';
export { GuardedChanges } from './guarded-changes.ts';
export { BadRequest, limits as backplaneLimits } from './limits.ts';
export { PatientStore } from './patient-store.ts';
export { RecordWatch, type RecordTables } from './record-watch.ts';
