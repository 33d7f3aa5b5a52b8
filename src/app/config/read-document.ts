import { parse, TomlError } from 'smol-toml';
import { ConfigError } from './config-error.ts';
import { keyLines } from './key-lines.ts';

/** One given value of one setting, and where it was given: what a complaint about it begins with. */
export interface GivenValue {
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
  readonly place: string;
}

/** A configuration file as it was read. `name` stands in messages. */
export interface ConfigFile {
  readonly name: string;
  readonly text: string;
}

/** A configuration is written by hand; what is larger is some other file. Whoever reads the file keeps to it too. */
export const maxConfigBytes = 1024 * 1024;
const maxDepth = 16;

function parseToml({ name, text }: ConfigFile): Readonly<Record<string, unknown>> {
  if (Buffer.byteLength(text) > maxConfigBytes) {
    throw new ConfigError([`${name}: larger than ${maxConfigBytes} bytes: not a configuration file`]);
  }
  try {
    return parse(text, { maxDepth });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const what = cause.message.split('\n', 1)[0]!.replace('Invalid TOML document: ', '');
    throw new ConfigError([`${name}:${cause.line}:${cause.column}: not valid TOML: ${what}`], { cause });
  }
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/**
 * The values of a TOML document, two levels deep, in its order. A value at the top, outside any section, has the
 * section ''; an empty section is there with the key ''.
 */
export function readDocument(file: ConfigFile): GivenValue[] {
  const document = parseToml(file);
  const lines = keyLines(file.text);
  const place = (section: string, key: string): string => {
    const line = lines.get(`${section}.${key}`) ?? lines.get(section);
    return line === undefined ? file.name : `${file.name}:${line}`;
  };
  return Object.entries(document).flatMap(([section, content]) => {
    if (!isTable(content)) return [{ section: '', key: section, value: content, place: place(section, '') }];
    const entries = Object.entries(content);
    if (entries.length === 0) return [{ section, key: '', value: undefined, place: place(section, '') }];
    return entries.map(([key, value]) => ({ section, key, value, place: place(section, key) }));
  });
}
