/** JSON as the command line reads and prints it. Integers that a number cannot hold exactly are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The third argument of a reviver (ECMA-262, "JSON.parse source text access"), which the type library lacks. */
interface ReviverContext {
  readonly source?: string;
}

/** Errors: SyntaxError. */
export function parseJson(text: string): Json {
  const exact = (_key: string, value: unknown, context: ReviverContext): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const { source } = context;
    return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown) as Json;
}

/** `indent` = spaces for each level; 0 puts everything on one line. */
export function formatJson(value: Json, indent: number, level = 0): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Array.isArray(value)
    ? (value as readonly Json[]).map((item) => formatJson(item, indent, level + 1))
    : Object.entries(value as JsonObject).map(
        ([key, item]) => `${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${formatJson(item, indent, level + 1)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  if (indent === 0) return open + parts.join(',') + close;
  const pad = ' '.repeat(indent * (level + 1));
  return `${open}\n${pad}${parts.join(`,\n${pad}`)}\n${' '.repeat(indent * level)}${close}`;
}
