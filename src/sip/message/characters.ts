// Classes of characters, RFC 3261 §25.1. Text of this codec is bytes as Latin-1: a code above 255 is in no class.
const TOKEN = 1;
const SCHEME = 2;
const DIGIT = 4;
const HEX = 8;
const USER = 16;
const HOST = 32;
const PARAM_VALUE = 64;
const URI = 128;

const classes = buildClasses();

const inClass = (code: number, mask: number): boolean => (classes[code]! & mask) !== 0;

/** token, as in method, header field and parameter names. */
export const isTokenCode = (code: number): boolean => inClass(code, TOKEN);
/** What may follow the first letter of a URI scheme. */
export const isSchemeCode = (code: number): boolean => inClass(code, SCHEME);
export const isDigitCode = (code: number): boolean => inClass(code, DIGIT);
export const isHexCode = (code: number): boolean => inClass(code, HEX);
/** user and password of a SIP URI, but for "%". */
export const isUserCode = (code: number): boolean => inClass(code, USER);
/** Letters, digits, "-", "." and "_" (which is no host name, but is used as one). */
export const isHostCode = (code: number): boolean => inClass(code, HOST);
/**
 * Value of a parameter without quotes: token and host (gen-value), and what else does not end one: implementations write
 * addresses and URIs there. Empty, it is taken, too.
 */
export const isParamValueCode = (code: number): boolean => inClass(code, PARAM_VALUE);
/** Anything that may stand in some URI, between "<" and ">". */
export const isUriCode = (code: number): boolean => inClass(code, URI);
export const isSpaceCode = (code: number): boolean => code === 0x20 || code === 0x09;

export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isTokenCode(text.charCodeAt(i))) return false;
  return text.length > 0;
}

/** The first place from `start` on that is no space or tab. */
export function skipSpaces(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpaceCode(text.charCodeAt(at))) at++;
  return at;
}

/** The place after the last character before `end` that is no space or tab. */
export function trimSpaces(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpaceCode(text.charCodeAt(at - 1))) at--;
  return at;
}

/** The place after the closing quote of the quoted string that begins at `start`; -1 if it does not end before `end`. */
export function skipQuoted(text: string, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code === 0x5c) at++;
  }
  return -1;
}

/** Text of a quoted string, with or without its quotes; `\x` is x. */
export function unquote(text: string): string {
  if (text.charCodeAt(0) !== 0x22) return text;
  const inner = text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

/** As a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** An unsigned decimal number at `start … end`; -1 if it is none, or above 2^53. Leading zeros count for nothing. */
export function parseDecimal(text: string, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return -1;
    value = value * 10 + code - 0x30;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.MAX_SAFE_INTEGER;
}

/** UTF-16 text as this codec has it: one character for each byte of its UTF-8. */
export function toWireText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What people are shown: bytes as UTF-8. */
export function fromWireText(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** A copy that keeps no message alive: what outlives its message is copied, since a part of a string keeps the whole. */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (characters: string, mask: number): void => {
    for (const character of characters) table[character.charCodeAt(0)]! |= mask;
  };
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const digits = '0123456789';
  add(letters + digits + "-.!%*_+`'~", TOKEN);
  add(letters + digits + '+-.', SCHEME);
  add(digits, DIGIT);
  add(digits + 'abcdefABCDEF', HEX);
  add(letters + digits + "-_.!~*'()" + '&=+$,;?/', USER);
  // What implementations write and can do no harm: "#" of service codes, and more of the unwise characters
  add('#[]^|{}`\\:', USER);
  add(letters + digits + '-._', HOST);
  for (let code = 0x21; code < 256; code++) {
    if (code === 0x7f) continue;
    if (!';,"<>'.includes(String.fromCharCode(code))) table[code]! |= PARAM_VALUE;
    if (!'"<>'.includes(String.fromCharCode(code))) table[code]! |= URI;
  }
  return table;
}
