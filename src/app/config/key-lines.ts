/**
 * Where each key of a TOML document stands: dotted path → line, from 1. The parser's result has no positions, and a
 * message without a line is no help in a long file. The document must have been parsed before: what is not TOML may
 * give wrong lines here, but nothing worse. Keys inside inline tables are not listed; their statement is.
 */
export function keyLines(document: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let at = 0;
  let line = 1;
  let table: readonly string[] = [];

  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(document)?.[0] ?? '';
    line += found.split('\n').length - 1;
    at += found.length;
    return found;
  };
  const record = (path: readonly string[]): void => {
    for (let length = 1; length <= path.length; length += 1) {
      const key = path.slice(0, length).join('.');
      if (!lines.has(key)) lines.set(key, line);
    }
  };

  const skipValue = (): void => {
    for (let depth = 0; depth > 0 || document[at] !== '\n';) {
      const token = skip(valueToken);
      if (token === '') return;
      if (token === '[' || token === '{') depth += 1;
      if (token === ']' || token === '}') depth -= 1;
    }
  };

  while (at < document.length) {
    if (skip(blank) !== '') continue;
    const bracket = skip(openingBrackets);
    const path = bracket === '' ? [...table] : [];
    for (let key = skip(keyPart); key !== ''; key = skip(keyPart)) {
      path.push(unquoted(key));
      if (skip(dot) === '') break;
    }
    skip(closingBrackets);
    if (bracket !== '') table = path;
    record(path);
    skipValue();
  }
  return lines;
}

const blank = /(?:[ \t\r\n]+|#[^\n]*)+/y;
const openingBrackets = /\[{1,2}[ \t]*/y;
const closingBrackets = /[ \t]*\]{1,2}/y;
const keyPart = /[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;
const dot = /[ \t]*\.[ \t]*/y;
/** Text in its four forms, a comment, a bracket, a line break, anything else. */
const valueToken =
  /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[[\]{}\n]|[^"'#[\]{}\n]+|["']/y;

function unquoted(key: string): string {
  if (key.startsWith("'")) return key.slice(1, -1);
  if (!key.startsWith('"')) return key;
  try {
    return JSON.parse(key) as string;
  } catch {
    // TOML knows escapes that JSON does not; such a key is then reported with its section's line.
    return key.slice(1, -1);
  }
}
