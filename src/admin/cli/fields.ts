import { isJsonObject, type Json, type JsonObject } from './json-document.ts';

/** A count that may be larger than a number holds exactly. */
export type Count = number | bigint;

/** SoftEther shows "no time" (0 on a wire whose epoch is 09:00 UTC) as 09:00 on 1 January 1970. */
const NO_TIME_MS = Date.parse('1970-01-01T09:00:00Z');

/**
 * What a JSON-RPC call answered, read by the names of the SoftEther protocol: the type is the suffix (`_u32`, `_dt` …).
 * What is absent, or of another type, reads as zero, false or empty, as in PACKs.
 */
export class Fields {
  readonly #object: JsonObject;

  constructor(object: JsonObject) {
    this.#object = object;
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#object, field);
  }

  /** `_str` or `_utf`. */
  text(name: string): string {
    const value = this.#object[`${name}_str`] ?? this.#object[`${name}_utf`];
    return typeof value === 'string' ? value : '';
  }

  integer(name: string): number {
    const value = this.#object[`${name}_u32`];
    return typeof value === 'number' ? value : 0;
  }

  integers(name: string): number[] {
    const values = this.#object[`${name}_u32`];
    return Array.isArray(values) ? (values as readonly Json[]).filter((value) => typeof value === 'number') : [];
  }

  count(name: string): Count {
    const value = this.#object[`${name}_u64`];
    return typeof value === 'number' || typeof value === 'bigint' ? value : 0;
  }

  flag(name: string): boolean {
    const value = this.#object[`${name}_bool`];
    return value === true || (typeof value === 'number' && value !== 0);
  }

  /** Unix milliseconds; 0 = never. */
  timeMs(name: string): number {
    const value = this.#object[`${name}_dt`];
    const ms = typeof value === 'string' ? Date.parse(value) : NaN;
    return Number.isNaN(ms) || ms <= NO_TIME_MS ? 0 : ms;
  }

  bytes(name: string): Buffer {
    const value = this.#object[`${name}_bin`];
    return typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0);
  }

  /** IPv4 or IPv6 text; empty when there is none. */
  address(name: string): string {
    const value = this.#object[`${name}_ip`];
    return typeof value === 'string' && value !== '0.0.0.0' && value !== '::' ? value : '';
  }

  /** The rows of a list. */
  rows(group: string): Fields[] {
    const rows = this.#object[group];
    if (!Array.isArray(rows)) return [];
    return (rows as readonly Json[]).filter(isJsonObject).map((row) => new Fields(row));
  }

  /** All of it, to send it back with changes. */
  get object(): JsonObject {
    return this.#object;
  }
}
