/**
 * One key of the configuration: what it means, what it may be, what it is when nobody says anything. The file, `--set`
 * and the documented example all work from this one declaration.
 */
export interface Setting<T> {
  /** One or two sentences for the person who edits the file. */
  readonly description: string;
  /** Completes "… must be": `a whole number from 1 to 65535`. */
  readonly expects: string;
  readonly fallback: T;
  /** The fallback as a TOML value; undefined where none says the same. */
  readonly fallbackToml: string | undefined;
  /** The value of a TOML value, or undefined when it is not what the setting expects. */
  readonly accept: (value: unknown) => { readonly value: T } | undefined;
  /** The TOML value that a word on the command line stands for; `accept` judges it. */
  readonly fromWord: (word: string) => unknown;
}

/** What belongs together: one table of the file. */
export interface Section<T> {
  readonly description: string;
  readonly settings: { readonly [K in keyof T]-?: Setting<T[K]> };
  /** What single values cannot tell: why these do not go together, or undefined. Names the key that it blames. */
  readonly conflict?: (values: T) => { readonly key: keyof T & string; readonly message: string } | undefined;
}

/** Keeps the kind of problem apart that a too large file of settings would be: no text is longer. */
const textMaxChars = 4096;

const wordOf = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

export function text(fallback: string, description: string): Setting<string> {
  return {
    description,
    expects: `text of at most ${textMaxChars} characters without control characters`,
    fallback,
    fallbackToml: wordOf(fallback),
    accept: (value) =>
      typeof value === 'string' && value.length <= textMaxChars && !/\p{Cc}/u.test(value) ? { value } : undefined,
    fromWord: (word) => word,
  };
}

/** Text that has to be more than text; `expects` completes "… must be". */
export function checkedText(
  fallback: string,
  isRight: (value: string) => boolean,
  expects: string,
  description: string,
): Setting<string> {
  const any = text(fallback, description);
  return {
    ...any,
    expects,
    accept: (value) => {
      const accepted = any.accept(value);
      return accepted !== undefined && isRight(accepted.value) ? accepted : undefined;
    },
  };
}

export function integer(fallback: number, least: number, most: number, description: string): Setting<number> {
  return {
    description,
    expects: `a whole number from ${least} to ${most}`,
    fallback,
    fallbackToml: wordOf(fallback),
    accept: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? { value } : undefined,
    fromWord: (word) => (/^-?\d+(_\d+)*$/.test(word) ? Number(word.replaceAll('_', '')) : word),
  };
}

export function flag(fallback: boolean, description: string): Setting<boolean> {
  return {
    description,
    expects: 'true or false',
    fallback,
    fallbackToml: wordOf(fallback),
    accept: (value) => (typeof value === 'boolean' ? { value } : undefined),
    fromWord: (word) => word === 'true' || (word === 'false' ? false : word),
  };
}

export function choice<const C extends string>(fallback: C, choices: readonly C[], description: string): Setting<C> {
  return {
    description,
    expects: `one of ${choices.map(wordOf).join(', ')}`,
    fallback,
    fallbackToml: wordOf(fallback),
    accept: (value) => {
      const found = choices.find((one) => one === value);
      return found === undefined ? undefined : { value: found };
    },
    fromWord: (word) => word,
  };
}

/** A number, or "auto" for one that fits the machine: undefined. */
export function integerOrAuto(
  fallback: number | undefined,
  least: number,
  most: number,
  description: string,
): Setting<number | undefined> {
  const number = integer(least, least, most, description);
  return {
    description,
    expects: `"auto" or ${number.expects}`,
    fallback,
    fallbackToml: wordOf(fallback ?? 'auto'),
    accept: (value) => (value === 'auto' ? { value: undefined } : number.accept(value)),
    fromWord: (word) => number.fromWord(word),
  };
}

/** What one entry of a list is. `decode` answers undefined to what it does not know. */
export interface Item<T> {
  readonly expects: string;
  readonly decode: (value: unknown) => T | undefined;
  /** Two entries with the same identity are an error. */
  readonly identity: (value: T) => string | number;
}

const listMaxEntries = 256;

/** What the brackets of `[a, "b"]` hold; undefined for a word without them, an IPv6 address in brackets among those. */
function bracketed(word: string): string | undefined {
  const inner = /^\[(.*)\]$/s.exec(word.trim())?.[1];
  if (inner === undefined) return undefined;
  const isList = inner.trim() === '' || /["']/.test(inner) || (/[,/]/.test(inner) && !/[[\]]/.test(inner));
  return isList ? inner : undefined;
}

/** `a,b` as shells like it, and `["a", "b"]` as the file has it. */
function listOf(word: string): string[] {
  const entries = bracketed(word) ?? word;
  if (entries.trim() === '') return [];
  return entries.split(',').map((part) => part.trim().replace(/^(["'])(.*)\1$/s, '$2'));
}

/** A list that has no fallback of its own: undefined = the file says nothing. */
export function optionalList<T>(item: Item<T>, description: string): Setting<readonly T[] | undefined> {
  return {
    description,
    expects: `a list of at most ${listMaxEntries} different entries, each ${item.expects}`,
    fallback: undefined,
    fallbackToml: undefined,
    accept: (value) => {
      if (!Array.isArray(value) || value.length > listMaxEntries) return undefined;
      const decoded = value.map((entry) => item.decode(entry)).filter((entry) => entry !== undefined);
      const isEachDifferent = new Set(decoded.map((entry) => item.identity(entry))).size === value.length;
      return isEachDifferent ? { value: decoded } : undefined;
    },
    fromWord: listOf,
  };
}
