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
  Revision,
} from './backplane.ts';
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
export { BadRequest, limits as backplaneLimits } from './limits.ts';
