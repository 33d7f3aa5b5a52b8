export type PackType = 'int' | 'data' | 'str' | 'unistr' | 'int64';

interface PackValues {
  /** u32 */
  readonly int: number;
  readonly data: Buffer;
  readonly str: string;
  readonly unistr: string;
  /** u64 */
  readonly int64: bigint;
}

export type PackValue<T extends PackType = PackType> = PackValues[T];

/** A name and one value or more, all of one type. Names compare without case. */
export type PackElement = {
  readonly [T in PackType]: { readonly name: string; readonly type: T; readonly values: readonly PackValue<T>[] };
}[PackType];

/** Of one value. For documents of fixed names that are put together anew for each log-in: see the constructor of `Pack`. */
export const intElement = (name: string, value: number): PackElement => ({ name, type: 'int', values: [u32Of(value)] });
export const boolElement = (name: string, value: boolean): PackElement => intElement(name, value ? 1 : 0);
export const int64Element = (name: string, value: bigint | number): PackElement => ({
  name,
  type: 'int64',
  values: [u64Of(value)],
});
export const strElement = (name: string, value: string): PackElement => ({ name, type: 'str', values: [value] });
export const dataElement = (name: string, value: Buffer): PackElement => ({ name, type: 'data', values: [value] });

const MAX_U32 = 0xffffffff;

/** Values above 2^32-1 become that, negative ones wrap. */
export function u32Of(value: number): number {
  return value > MAX_U32 ? MAX_U32 : value >>> 0;
}

export function u64Of(value: bigint | number): bigint {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  return Number.isFinite(value) ? BigInt.asUintN(64, BigInt(Math.trunc(value))) : 0n;
}

/** On the wire: a u32, in this order. */
export const packTypes = ['int', 'data', 'str', 'unistr', 'int64'] as const satisfies readonly PackType[];

/** Longer names are cut by the original; nobody sends them. */
export const MAX_NAME_BYTES = 63;
