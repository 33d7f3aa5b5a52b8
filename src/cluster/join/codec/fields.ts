import { DecodeError } from '#base';

/** Fields of a decoded JSON object. Each has a limit; one that does not fit is named in the error. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DecodeError(`${path === '' ? 'the message' : path} is not an object`, 0);
    }
    this.#values = value as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  text(name: string, maxCharacters: number): string {
    const value = this.#own(name);
    if (typeof value !== 'string' || value.length > maxCharacters) this.#refuse(name, `text of up to ${maxCharacters}`);
    return value;
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#own(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      this.#refuse(name, `an integer from ${min} to ${max}`);
    }
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#own(name);
    if (typeof value !== 'boolean') this.#refuse(name, 'true or false');
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#own(name);
    const known = values.find((candidate) => candidate === value);
    if (known === undefined) this.#refuse(name, values.join(', '));
    return known;
  }

  /** Base64, as it is written in the standard way. */
  bytes(name: string, maxBytes: number): Buffer {
    const text = this.text(name, Math.ceil(maxBytes / 3) * 4);
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length > maxBytes || bytes.toString('base64') !== text) this.#refuse(name, `base64 of ${maxBytes} bytes`);
    return bytes;
  }

  list<T>(name: string, maxLength: number, read: (value: unknown, path: string) => T): readonly T[] {
    const value = this.#own(name);
    if (!Array.isArray(value) || value.length > maxLength) this.#refuse(name, `a list of up to ${maxLength}`);
    return value.map((item: unknown, at) => read(item, `${this.#path}${name}[${at}]`));
  }

  object(name: string): Fields {
    return new Fields(this.#own(name), `${this.#path}${name}`);
  }

  has(name: string): boolean {
    return this.#own(name) !== undefined;
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #refuse(name: string, wanted: string): never {
    throw new DecodeError(`${this.#path === '' ? '' : `${this.#path}.`}${name} is not ${wanted}`, 0);
  }
}

export const textOf =
  (maxCharacters: number) =>
  (value: unknown, path: string): string => {
    if (typeof value === 'string' && value.length <= maxCharacters) return value;
    throw new DecodeError(`${path} is not text of up to ${maxCharacters}`, 0);
  };

export const integerOf =
  (min: number, max: number) =>
  (value: unknown, path: string): number => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new DecodeError(`${path} is not an integer from ${min} to ${max}`, 0);
  };
