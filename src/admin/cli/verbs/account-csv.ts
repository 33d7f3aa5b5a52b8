import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../json-document.ts';

/** An account of the file, and the line that it begins on. */
export interface CsvAccount {
  readonly line: number;
  readonly user: string;
  readonly fields: JsonObject;
}

export interface CsvProblem {
  readonly line: number;
  readonly reason: string;
}

export interface CsvAccounts {
  readonly accounts: readonly CsvAccount[];
  readonly problems: readonly CsvProblem[];
}

/** Columns by the names that a first line may give them; without one: user, password, name, aliases, contacts. */
const columns = ['user', 'password', 'name', 'aliases', 'contacts', 'ha1_md5', 'ha1b_md5', 'ha1_sha256'] as const;
type Column = (typeof columns)[number];
const usualColumns: readonly Column[] = ['user', 'password', 'name', 'aliases', 'contacts'];

const maxContacts = 100;
const lineFeed = 0x0a;
const shownMaxChars = 80;

/**
 * Accounts from CSV (RFC 4180): with commas, quotes where a value has commas, quotes or line ends. A user of the domain
 * may be written as `user@domain`. Empty lines and those that begin with `#` are passed over.
 */
export function readAccounts(text: string, domain: string): CsvAccounts {
  const accounts: CsvAccount[] = [];
  const problems: CsvProblem[] = [];
  const lineOf = new Map<string, number>();
  let order: readonly (Column | undefined)[] | undefined;
  for (const { line, values, problem } of csvRows(text)) {
    if (problem !== undefined) {
      problems.push({ line, reason: problem });
      continue;
    }
    if (order === undefined) {
      order = headerOf(values);
      if (order !== undefined) continue;
      order = usualColumns;
    }
    const account = accountOf(values, order, domain);
    const before = typeof account === 'string' ? undefined : lineOf.get(account.user);
    if (typeof account === 'string') problems.push({ line, reason: account });
    else if (before !== undefined)
      problems.push({ line, reason: `${shown(account.user)} is in line ${before} already` });
    else {
      lineOf.set(account.user, line);
      accounts.push({ line, ...account });
    }
  }
  return { accounts, problems };
}

/** The first line, from 1, whose bytes are no UTF-8; undefined: there is none. */
export function lineBeyondUtf8(bytes: Buffer): number | undefined {
  if (isUtf8(bytes)) return undefined;
  let line = 1;
  for (let at = 0; ; line++) {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0 || !isUtf8(bytes.subarray(at, end))) return line;
    at = end + 1;
  }
}

/** As it can be shown: the file may be another one than was meant. */
function shown(value: string): string {
  const plain = value.replaceAll(/\p{Cc}/gu, '\ufffd');
  return plain.length > shownMaxChars ? `${plain.slice(0, shownMaxChars)}…` : plain;
}

function headerOf(values: readonly string[]): readonly (Column | undefined)[] | undefined {
  const names = values.map((value) => value.trim().toLowerCase().replaceAll(' ', '_'));
  if (!names.includes('user') && !names.includes('username')) return undefined;
  return names.map((name) => (name === 'username' ? 'user' : columns.find((column) => column === name)));
}

function accountOf(
  values: readonly string[],
  order: readonly (Column | undefined)[],
  domain: string,
): Omit<CsvAccount, 'line'> | string {
  if (values.length > order.length) return `${values.length} values where ${order.length} are known`;
  const valueOf = (column: Column): string => values[order.indexOf(column)]?.trim() ?? '';
  const named = valueOf('user');
  const at = named.lastIndexOf('@');
  if (at >= 0 && named.slice(at + 1).toLowerCase() !== domain.toLowerCase())
    return `${shown(named)} is not of ${domain}`;
  const user = at < 0 ? named : named.slice(0, at);
  if (user === '') return 'no user';
  // A password counts as it is written, spaces included.
  const password = values[order.indexOf('password')] ?? '';
  const [ha1Md5, ha1bMd5, ha1Sha256] = [valueOf('ha1_md5'), valueOf('ha1b_md5'), valueOf('ha1_sha256')];
  if (password === '' && ha1Md5 === '' && ha1bMd5 === '' && ha1Sha256 === '') {
    const hint = values.length === 1 && user.includes(';') ? ': put commas between the values' : '';
    return `${shown(user)} has no password${hint}`;
  }
  const contacts = valueOf('contacts');
  if (contacts !== '' && !(/^\d{1,3}$/.test(contacts) && Number(contacts) <= maxContacts)) {
    return `"${shown(contacts)}" is no number of contacts from 0 to ${maxContacts}`;
  }
  const name = valueOf('name');
  const aliases = valueOf('aliases').split(/[\s;,]+/);
  return {
    user,
    fields: {
      Username_str: user,
      ...(password === '' ? {} : { Password_utf: password }),
      ...(ha1Md5 === '' ? {} : { Ha1Md5_str: ha1Md5 }),
      ...(ha1bMd5 === '' ? {} : { Ha1bMd5_str: ha1bMd5 }),
      ...(ha1Sha256 === '' ? {} : { Ha1Sha256_str: ha1Sha256 }),
      ...(name === '' ? {} : { DisplayName_utf: name }),
      ...(aliases.join('') === '' ? {} : { Aliases_str: aliases.filter((alias) => alias !== '').join(',') }),
      ...(contacts === '' ? {} : { MaxContacts_u32: Number(contacts) }),
    },
  };
}

interface CsvRow {
  readonly line: number;
  readonly values: readonly string[];
  readonly problem?: string;
}

function* csvRows(text: string): Generator<CsvRow> {
  let line = 1;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    const lineEnd = endOfLine(text, at);
    const plain = text.slice(at, lineEnd.start);
    if (!plain.includes('"')) {
      if (plain.trim() !== '' && !plain.startsWith('#')) yield { line, values: plain.split(',') };
      at = lineEnd.next;
      line++;
      continue;
    }
    const row = quotedRow(text, at);
    yield { line, values: row.values, ...(row.problem === undefined ? {} : { problem: row.problem }) };
    line += text.slice(at, row.next).split('\n').length - (text[row.next - 1] === '\n' ? 1 : 0);
    at = row.next;
  }
}

function endOfLine(text: string, from: number): { readonly start: number; readonly next: number } {
  const feed = text.indexOf('\n', from);
  if (feed < 0) return { start: text.length, next: text.length };
  return { start: text[feed - 1] === '\r' && feed > from ? feed - 1 : feed, next: feed + 1 };
}

function quotedRow(text: string, from: number): { values: string[]; next: number; problem?: string } {
  const values: string[] = [];
  let at = from;
  for (;;) {
    if (text[at] === '"') {
      const value = quotedValue(text, at);
      if (value === undefined) return { values, next: endOfLine(text, from).next, problem: 'a quote is not closed' };
      values.push(value.text);
      at = value.next;
    } else {
      const { start } = endOfLine(text, at);
      const comma = text.indexOf(',', at);
      const end = comma >= 0 && comma < start ? comma : start;
      values.push(text.slice(at, end));
      at = end;
    }
    if (text[at] === ',') {
      at++;
      continue;
    }
    const { start, next } = endOfLine(text, at);
    if (text.slice(at, start).trim() !== '') return { values, next, problem: 'text behind a closing quote' };
    return { values, next };
  }
}

function quotedValue(text: string, open: number): { readonly text: string; readonly next: number } | undefined {
  for (let at = open + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) return undefined;
    if (text[at + 1] !== '"') return { text: text.slice(open + 1, at).replaceAll('""', '"'), next: at + 1 };
  }
}
