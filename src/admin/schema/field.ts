/** The value types of admin structs and how the code sees them. */
export interface ScalarValues {
  /** u32 */
  int: number;
  bool: boolean;
  /** PACK `str` */
  str: string;
  /** PACK `unistr` */
  unistr: string;
  /** u64; beyond 2^53 rounded to the nearest number, as every JSON client does. */
  int64: number;
  data: Buffer;
  /** Unix milliseconds, 0 = never. */
  time: number;
  /** IPv4 or IPv6 text; '' = none, on the wire 0.0.0.0. */
  ip: string;
}

export type ScalarKind = keyof ScalarValues;

export interface Scalar<K extends ScalarKind = ScalarKind, O extends boolean = boolean> {
  readonly shape: 'scalar';
  readonly type: K;
  /** Input: absent reads as undefined instead of the zero value. Output: undefined is not sent. */
  readonly isOptional: O;
  readonly about: string;
}

/** Several values under one name, without row names: `Ports`. */
export interface Many<K extends ScalarKind = ScalarKind> {
  readonly shape: 'many';
  readonly type: K;
  readonly about: string;
}

/** Rows: in PACK one array per column, all of one length; in JSON an array of objects under the field's name. */
export interface List<F extends Columns = Columns> {
  readonly shape: 'list';
  readonly columns: F;
  readonly about: string;
}

export type Columns = Readonly<Record<string, Scalar>>;
export type Field = Scalar | Many | List;
/** A struct: field names exactly as on the wire. Embedded structs are spread into it. */
export type Fields = Readonly<Record<string, Field>>;

type FieldValue<T extends Field> =
  T extends Scalar<infer K>
    ? ScalarValues[K]
    : T extends Many<infer K>
      ? readonly ScalarValues[K][]
      : T extends List<infer C>
        ? readonly ValueOf<C>[]
        : never;

type OptionalName<F extends Fields> = {
  [N in keyof F]: F[N] extends Scalar<ScalarKind, true> ? N : never;
}[keyof F];

/** The TypeScript type of a struct's value. */
export type ValueOf<F extends Fields> = {
  readonly [N in Exclude<keyof F, OptionalName<F>>]: FieldValue<F[N]>;
} & { readonly [N in OptionalName<F>]?: FieldValue<F[N]> | undefined };

const scalar =
  <K extends ScalarKind>(type: K) =>
  (about = ''): Scalar<K, false> => ({ shape: 'scalar', type, isOptional: false, about });

export const int = scalar('int');
export const bool = scalar('bool');
export const str = scalar('str');
export const unistr = scalar('unistr');
export const int64 = scalar('int64');
export const data = scalar('data');
export const time = scalar('time');
export const ip = scalar('ip');

export function optional<K extends ScalarKind>(field: Scalar<K>): Scalar<K, true> {
  return { ...field, isOptional: true };
}

export function many<K extends ScalarKind>(field: Scalar<K>): Many<K> {
  return { shape: 'many', type: field.type, about: field.about };
}

export function list<C extends Columns>(columns: C, about = ''): List<C> {
  return { shape: 'list', columns, about };
}

type AllOptional<C extends Columns> = { [N in keyof C]: C[N] extends Scalar<infer K> ? Scalar<K, true> : never };

/** Every field of an embedded struct that is sent only sometimes. */
export function optionalStruct<C extends Columns>(columns: C): AllOptional<C> {
  const entries = Object.entries(columns).map(([name, field]) => [name, optional(field)]);
  return Object.fromEntries(entries) as AllOptional<C>;
}
