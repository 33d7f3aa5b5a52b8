type Fields = Record<string, unknown>;

const secretNames: ReadonlySet<string> = new Set([
  'password',
  'hashedPassword',
  'securePassword',
  'hashedKey',
  'ntHash',
  'privateKeyPem',
  'sessionKey',
]);
const BLANK = '(secret)';

/**
 * A net below the rule that nobody logs secrets: the values of these names are blanked, also one level down, in what is
 * logged with a line (not in what a logger is bound to, which is little and fixed). The same object where there is nothing
 * to blank.
 */
export function withoutSecrets(fields: Fields): Fields {
  return blanked(fields, (value) => (isPlain(value) ? blanked(value, (inner) => inner) : value));
}

/** `shownOf`: what is shown of the values under other names. */
function blanked(fields: Fields, shownOf: (value: unknown) => unknown): Fields {
  let shown = fields;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    const safe = secretNames.has(name) ? BLANK : shownOf(value);
    if (safe === value) continue;
    if (shown === fields) shown = { ...fields };
    shown[name] = safe;
  }
  return shown;
}

/** Errors have a form of their own in the log, and lose it when they are copied. */
const isPlain = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && !Array.isArray(value);
