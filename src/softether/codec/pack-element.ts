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

/** On the wire: a u32, in this order. */
export const packTypes = ['int', 'data', 'str', 'unistr', 'int64'] as const satisfies readonly PackType[];

/** Longer names are cut by the original; nobody sends them. */
export const MAX_NAME_BYTES = 63;
