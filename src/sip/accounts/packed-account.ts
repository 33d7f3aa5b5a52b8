import type { Revision } from '#backplane';
import { fromWireText, toWireText } from '../message/characters.ts';
import type { KeptAccount } from './account.ts';
import { TextPacker, TextReader } from './packed-text.ts';
import type { AccountRecord } from './records.ts';

/**
 * An account without its user and domain as one text, of one byte a character: 140 bytes where objects take 500.
 *
 *     1  flags        1  maxContacts      7  createdAtMs      7  updatedAtMs      7  createRevision     7  modRevision
 *     hashes: 16, 32, 32 and 16 bytes where they are such, else as texts
 *     with `hasAliases`: 1 how many, texts                with `hasName`: the display name, text in UTF-8
 */
export type PackedAccount = string;

const flag = {
  isEnabled: 1,
  hasMd5: 2,
  hasSha256: 4,
  hasSha512: 8,
  hasOddHashes: 16,
  hasAliases: 32,
  hasName: 64,
  hasLongMd5: 128,
} as const;
/** Where the 16 bytes of the first hash are, where it is one. */
export const md5HashAt = 30;
const md5Bytes = 16;
const shaBytes = 32;
const hexDigits = /^[0-9a-f]*$/;
const noAliases: readonly string[] = Object.freeze([]);

/** What the store says of it. */
export interface AccountRevisions {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

/** Writes them; one for many, since it has the memory to do so. */
export class AccountPacker {
  readonly #out = new TextPacker();

  pack(record: AccountRecord, { createRevision, modRevision }: AccountRevisions): PackedAccount {
    const out = this.#out;
    const { aliases, displayName } = record;
    const flags = flagsOf(record);
    out.begin();
    out.byte(flags);
    out.byte(Math.min(record.maxContacts, 0xff));
    out.seven(record.createdAtMs);
    out.seven(record.updatedAtMs);
    out.seven(createRevision);
    out.seven(modRevision);
    for (const hash of [record.ha1Md5, record.ha1Sha256, record.ha1Sha512, record.ha1bMd5]) {
      if ((flags & flag.hasOddHashes) === 0) out.hex(hash);
      else out.text(toWireText(hash).slice(0, oddHashMaxChars));
    }
    if (aliases.length > 0) {
      out.byte(aliases.length);
      for (const alias of aliases) out.text(toWireText(alias));
    }
    if (displayName !== '') out.text(toWireText(displayName));
    return out.finish();
  }
}

/** No hash is so long; nobody can log in by one that is not right anyway. */
const oddHashMaxChars = 200;

function flagsOf(record: AccountRecord): number {
  const { isEnabled, ha1Md5, ha1Sha256, ha1Sha512, ha1bMd5, aliases, displayName } = record;
  let flags = isEnabled ? flag.isEnabled : 0;
  if (aliases.length > 0) flags |= flag.hasAliases;
  if (displayName !== '') flags |= flag.hasName;
  const areHashes = [ha1Md5, ha1bMd5].every((one) => isHash(one, md5Bytes));
  if (!areHashes || !isHash(ha1Sha256, shaBytes) || !isHash(ha1Sha512, shaBytes)) return flags | flag.hasOddHashes;
  if (ha1Md5 !== '') flags |= flag.hasMd5;
  if (ha1Sha256 !== '') flags |= flag.hasSha256;
  if (ha1Sha512 !== '') flags |= flag.hasSha512;
  return ha1bMd5 === '' ? flags : flags | flag.hasLongMd5;
}

const isHash = (text: string, bytes: number): boolean =>
  text === '' || (text.length === 2 * bytes && hexDigits.test(text));

/** It may log in, and by MD5: its hash is at `md5HashAt`. */
export function hasLoginByMd5(packed: PackedAccount): boolean {
  return (packed.charCodeAt(0) & (flag.isEnabled | flag.hasMd5 | flag.hasOddHashes)) === (flag.isEnabled | flag.hasMd5);
}

export const isEnabled = (packed: PackedAccount): boolean => (packed.charCodeAt(0) & flag.isEnabled) !== 0;

/** 0 = as the server's settings say. */
export const maxContactsOf = (packed: PackedAccount): number => packed.charCodeAt(1);

export function unpackAccount(packed: PackedAccount, user: string, domain: string): KeptAccount {
  const reader = new TextReader(packed);
  const flags = reader.byte();
  const has = (one: number): boolean => (flags & one) !== 0;
  const maxContacts = reader.byte();
  const createdAtMs = reader.seven();
  const updatedAtMs = reader.seven();
  const createRevision = reader.seven();
  const modRevision = reader.seven();
  const hash = (one: number, bytes: number): string => {
    if (has(flag.hasOddHashes)) return fromWireText(reader.text());
    return has(one) ? reader.hex(bytes) : '';
  };
  return {
    user,
    ha1Md5: hash(flag.hasMd5, md5Bytes),
    ha1Sha256: hash(flag.hasSha256, shaBytes),
    ha1Sha512: hash(flag.hasSha512, shaBytes),
    ha1bMd5: hash(flag.hasLongMd5, md5Bytes),
    aliases: has(flag.hasAliases)
      ? Array.from({ length: reader.byte() }, () => fromWireText(reader.text()))
      : noAliases,
    displayName: has(flag.hasName) ? fromWireText(reader.text()) : '',
    isEnabled: has(flag.isEnabled),
    maxContacts,
    createdAtMs,
    updatedAtMs,
    domain,
    aor: `${user}@${domain}`,
    createRevision,
    modRevision,
  };
}
