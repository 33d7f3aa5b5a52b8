/** Collects what is wrong with a document, while it is read to the end. */
export type Complain = (problem: string) => void;

type Values = Readonly<Record<string, unknown>>;

export const isTable = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** The keys of one table, each read once; what is left over at the end is a mistake. */
export class TableReader {
  readonly #name: string;
  readonly #values: Values;
  readonly #complain: Complain;
  readonly #read = new Set<string>();

  constructor(name: string, values: Values, complain: Complain) {
    this.#name = name;
    this.#values = values;
    this.#complain = complain;
  }

  /** A value that `read` understands; what it does not is reported with `expects`. Absent: `fallback`. */
  value<T, F>(key: string, expects: string, read: (value: unknown) => T | undefined, fallback: F): T | F {
    this.#read.add(key);
    const given = this.#values[key];
    if (given === undefined) return fallback;
    const value = read(given);
    if (value !== undefined) return value;
    this.#complain(`${this.#name}.${key} must be ${expects}, not ${JSON.stringify(given)}`);
    return fallback;
  }

  text(key: string, fallback = ''): string {
    return this.value(key, 'text', (value) => (typeof value === 'string' ? value : undefined), fallback);
  }

  flag(key: string, fallback: boolean): boolean {
    return this.value(key, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined), fallback);
  }

  integer<F>(key: string, first: number, last: number, fallback: F): number | F {
    const expects = `a whole number from ${first} to ${last}`;
    return this.value(key, expects, (value) => wholeNumber(value, first, last), fallback);
  }

  choice<T extends string, F>(key: string, words: readonly T[], fallback: F): T | F {
    return this.value(
      key,
      words.map((word) => `"${word}"`).join(' or '),
      (value) => words.find((w) => w === value),
      fallback,
    );
  }

  list<T, F>(key: string, expects: string, read: (value: unknown) => T | undefined, fallback: F): readonly T[] | F {
    const readAll = (value: unknown): readonly T[] | undefined => {
      if (!Array.isArray(value)) return undefined;
      const items = value.map(read).filter((item) => item !== undefined);
      return items.length === value.length ? items : undefined;
    };
    return this.value(key, `a list of ${expects}`, readAll, fallback);
  }

  end(): void {
    for (const key of Object.keys(this.#values)) {
      if (this.#read.has(key)) continue;
      this.#complain(`${this.#name}.${key} is unknown; there are ${[...this.#read].join(', ')}`);
    }
  }
}

export function wholeNumber(value: unknown, first: number, last: number): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= first && number <= last
    ? number
    : undefined;
}
