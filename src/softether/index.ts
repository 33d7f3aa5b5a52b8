export { ErrorCode, errorText } from './codec/error-codes.ts';
export { Pack } from './codec/pack.ts';
export type { PackElement, PackType, PackValue } from './codec/pack-element.ts';
export { adminPackLimits, preAuthPackLimits, type PackLimits } from './codec/pack-limits.ts';
