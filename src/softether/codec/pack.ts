import { decodeElements } from './pack-decoder.ts';
import { encodeElements } from './pack-encoder.ts';
import { MAX_NAME_BYTES, u32Of, u64Of, type PackElement, type PackType, type PackValue } from './pack-element.ts';
import type { PackLimits } from './pack-limits.ts';
import { packTimeOf, unixMsOf } from './pack-time.ts';
import { ipFieldOf, ipv4Text, ipv6Text } from './ip-field.ts';
import { DecodeError } from '#base';

const NO_BYTES = Buffer.alloc(0);

/**
 * The document that every SoftEther message is: named lists of values. Names compare without case.
 * Reading what is absent, or of another type, gives 0, false or empty, as every SoftEther peer does.
 * The order of elements is kept but means nothing.
 */
export class Pack {
  #elements: PackElement[];
  /** Made when it is asked for: what is only encoded goes without. */
  #names: Map<string, PackElement> | undefined;

  /** No two of `elements` may have the same name. */
  constructor(elements: readonly PackElement[] = []) {
    this.#elements = elements.slice();
  }

  /** `data` values are views of `bytes`. Throws DecodeError on anything that is not a PACK within `limits`. */
  static decode(bytes: Buffer, limits: PackLimits): Pack {
    const elements = decodeElements(bytes, limits);
    const pack = new Pack(elements);
    if (pack.#byName.size !== elements.length)
      throw new DecodeError('PACK with two elements of one name', bytes.length);
    return pack;
  }

  get #byName(): Map<string, PackElement> {
    if (this.#names !== undefined) return this.#names;
    const names = new Map<string, PackElement>();
    for (const element of this.#elements) names.set(element.name.toLowerCase(), element);
    return (this.#names = names);
  }

  encode(): Buffer {
    return encodeElements(this.#elements);
  }

  get elements(): readonly PackElement[] {
    return this.#elements;
  }

  /** Another document with the same elements. */
  copy(): Pack {
    return new Pack(this.#elements);
  }

  has(name: string): boolean {
    return this.#byName.has(name.toLowerCase());
  }

  /** Number of values under `name`; 0 if there is no such element. */
  count(name: string): number {
    return this.#byName.get(name.toLowerCase())?.values.length ?? 0;
  }

  int(name: string, index = 0): number {
    return this.values('int', name)[index] ?? 0;
  }

  bool(name: string, index = 0): boolean {
    return this.int(name, index) !== 0;
  }

  int64(name: string, index = 0): bigint {
    return this.values('int64', name)[index] ?? 0n;
  }

  str(name: string, index = 0): string {
    return this.values('str', name)[index] ?? '';
  }

  unistr(name: string, index = 0): string {
    return this.values('unistr', name)[index] ?? '';
  }

  data(name: string, index = 0): Buffer {
    return this.values('data', name)[index] ?? NO_BYTES;
  }

  /** Undefined if there is no address field of this name; "none" reads as 0.0.0.0. */
  ip(name: string, index = 0): string | undefined {
    if (this.bool(`${name}@ipv6_bool`, index)) return ipv6Text(this.data(`${name}@ipv6_array`, index));
    const value = this.values('int', name)[index];
    return value === undefined ? undefined : ipv4Text(value);
  }

  /** Unix milliseconds; 0 = none, never. */
  timeMs(name: string, index = 0): number {
    return unixMsOf(this.int64(name, index));
  }

  /** All values under `name` if they are of this type, else none. */
  values<T extends PackType>(type: T, name: string): readonly PackValue<T>[] {
    const element = this.#byName.get(name.toLowerCase());
    return element?.type === type ? (element.values as readonly PackValue<T>[]) : [];
  }

  /** Values above 2^32-1 become that, negative ones wrap. */
  setInt(name: string, ...values: readonly number[]): this {
    return this.set('int', name, values);
  }

  setBool(name: string, ...values: readonly boolean[]): this {
    return this.set('int', name, values.map(Number));
  }

  setInt64(name: string, ...values: readonly (bigint | number)[]): this {
    return this.set('int64', name, values.map(u64Of));
  }

  setStr(name: string, ...values: readonly string[]): this {
    return this.set('str', name, values);
  }

  setUnistr(name: string, ...values: readonly string[]): this {
    return this.set('unistr', name, values);
  }

  setData(name: string, ...values: readonly Buffer[]): this {
    return this.set('data', name, values);
  }

  /** IPv4 or IPv6 text; empty = none. Throws HubfarmError `BAD_ADDRESS`. */
  setIp(name: string, ...addresses: readonly string[]): this {
    return this.setIps(name, addresses);
  }

  setIps(name: string, addresses: readonly string[]): this {
    const fields = addresses.map(ipFieldOf);
    this.set(
      'int',
      `${name}@ipv6_bool`,
      fields.map((field) => Number(field.isIpv6)),
    );
    this.set(
      'data',
      `${name}@ipv6_array`,
      fields.map((field) => field.ipv6),
    );
    this.set(
      'int',
      `${name}@ipv6_scope_id`,
      fields.map(() => 0),
    );
    return this.set(
      'int',
      name,
      fields.map((field) => field.ipv4),
    );
  }

  setTimeMs(name: string, ...unixMs: readonly number[]): this {
    return this.set('int64', name, unixMs.map(packTimeOf));
  }

  /**
   * Puts `values` in the place of what `name` had, or at the end. An element cannot be without values on the wire:
   * an empty list takes the element away. For long lists, where `setInt(name, ...values)` would fill the stack.
   */
  set<T extends PackType>(type: T, name: string, values: readonly PackValue<T>[]): this {
    requireName(name);
    const key = name.toLowerCase();
    const old = this.#byName.get(key);
    if (values.length === 0) {
      if (this.#byName.delete(key)) this.#elements = this.#elements.filter((element) => element !== old);
      return this;
    }
    const element = {
      name,
      type,
      values: type === 'int' ? u32sOf(values as readonly number[]) : values,
    } as PackElement;
    this.#byName.set(key, element);
    if (old === undefined) this.#elements.push(element);
    else this.#elements[this.#elements.indexOf(old)] = element;
    return this;
  }
}

function requireName(name: string): void {
  if (name === '' || name.length > MAX_NAME_BYTES) {
    throw new RangeError(`PACK element name "${name}" must have 1 to ${MAX_NAME_BYTES} characters`);
  }
}

/** Most elements have one value. */
function u32sOf(values: readonly number[]): readonly number[] {
  return values.length === 1 ? [u32Of(values[0]!)] : values.map(u32Of);
}
