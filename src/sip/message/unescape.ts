const escape = /%([0-9a-fA-F]{2})/g;
/** RFC 3261 §25.1, unreserved. */
const unreserved = /[A-Za-z0-9\-_.!~*'()]/;

/** Every `%xx` as its byte. */
export function unescapeUri(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * `%xx` as the character where an unreserved one is escaped, in capitals where it must stay (RFC 3261 §19.1.4, RFC 3986
 * §6.2.2): two texts that mean the same become the same. A `%` without two digits stays (RFC 4475 §3.1.1.5).
 */
export function normaliseEscapes(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(escape, (written, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return unreserved.test(character) ? character : written.toUpperCase();
  });
}
