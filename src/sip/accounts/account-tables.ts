import type { Entry, RecordTables, Revision } from '#backplane';
import type { Logger } from '#base';
import { ownText } from '../message/characters.ts';
import type { Account, KeptAccount, NamedAccount } from './account.ts';
import { accountKey, accountPrefix, domainKey, domainPrefix, telephoneNumber } from './names.ts';
import { AccountPacker, isEnabled, unpackAccount, type PackedAccount } from './packed-account.ts';
import { decodeAccount, decodeDomain } from './record-codec.ts';
import type { AccountRecord, DomainRecord } from './records.ts';

export interface KeptDomain {
  readonly record: DomainRecord;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

interface DomainTable {
  readonly name: string;
  domain: KeptDomain | undefined;
  /** By their users. */
  readonly accounts: Map<string, PackedAccount>;
  /** Alias → user. */
  readonly aliases: Map<string, string>;
}

export type AccountChange =
  | {
      readonly kind: 'domain';
      readonly name: string;
      /** undefined = removed. */ readonly record: DomainRecord | undefined;
    }
  | {
      readonly kind: 'account';
      readonly aor: string;
      /** undefined = removed. */ readonly account: Account | undefined;
    };

interface Unpacked {
  readonly packed: PackedAccount;
  readonly account: KeptAccount;
}

/** Accounts that were asked for last: each is asked for some times while a message is worked on. A power of two. */
const unpackedMax = 256;

/** Domains and accounts by the names that messages have for them. */
export class AccountTables implements RecordTables {
  readonly #logger: Logger;
  readonly #changed: (change: AccountChange) => void;
  readonly #domains = new Map<string, DomainTable>();
  /** Name and aliases of each domain that there is. */
  readonly #hosts = new Map<string, DomainTable>();
  /** Telephone numbers that are aliases, of all domains: `user@domain` of the account. */
  readonly #numbers = new Map<string, string>();
  readonly #packer = new AccountPacker();
  readonly #unpacked = new Array<Unpacked | undefined>(unpackedMax).fill(undefined);
  #accountCount = 0;

  constructor(logger: Logger, changed: (change: AccountChange) => void) {
    this.#logger = logger;
    this.#changed = changed;
  }

  get accountCount(): number {
    return this.#accountCount;
  }

  /** By its name or an alias, in lower case. */
  domain(host: string): KeptDomain | undefined {
    return this.#hosts.get(host)?.domain;
  }

  domains(): DomainRecord[] {
    const records: DomainRecord[] = [];
    for (const { domain } of this.#domains.values()) if (domain !== undefined) records.push(domain.record);
    return records.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  countOf(domain: string): number {
    return this.#domains.get(domain)?.accounts.size ?? 0;
  }

  *accountsOf(domain: string): Iterable<KeptAccount> {
    const accounts = this.#domains.get(domain)?.accounts ?? [];
    for (const [user, packed] of accounts) yield unpackAccount(packed, user, domain);
  }

  /** `user` is a user, an alias or a telephone number; `host` a domain or an alias of one, in lower case. */
  account(user: string, host: string): KeptAccount | undefined {
    const table = this.#hosts.get(host);
    if (table === undefined) return undefined;
    const meant = userIn(table, user);
    return meant === undefined ? undefined : this.#kept(table, meant);
  }

  /** Who `account` would find. Nothing is unpacked for it. */
  named(user: string, host: string): NamedAccount | undefined {
    const table = this.#hosts.get(host);
    const meant = table && userIn(table, user);
    const packed = meant === undefined ? undefined : table?.accounts.get(meant);
    if (table === undefined || meant === undefined || packed === undefined) return undefined;
    // Joined, since a template would keep its parts, and so the text of the message that they are of.
    return { aor: [meant, table.name].join('@'), isEnabled: isEnabled(packed) };
  }

  /** As it is kept. `domain` is its name. */
  packedAccount(user: string, domain: string): PackedAccount | undefined {
    return this.#domains.get(domain)?.accounts.get(user);
  }

  #kept({ name, accounts }: DomainTable, user: string): KeptAccount | undefined {
    const packed = accounts.get(user);
    if (packed === undefined) return undefined;
    const at = placeOf(user);
    const last = this.#unpacked[at];
    if (last?.packed === packed && last.account.user === user && last.account.domain === name) return last.account;
    // What is asked with may be part of a whole message.
    const account = unpackAccount(packed, ownText(user), name);
    this.#unpacked[at] = { packed, account };
    return account;
  }

  /** The account that has this `+` number as an alias, whatever its domain. */
  accountOfNumber(number: string): KeptAccount | undefined {
    const aor = this.#numbers.get(number);
    if (aor === undefined) return undefined;
    const at = aor.lastIndexOf('@');
    const table = this.#domains.get(aor.slice(at + 1));
    return table && this.#kept(table, aor.slice(0, at));
  }

  /** Who has this alias in the domain; also somebody whose user it is. */
  holderOf(alias: string, domain: string): KeptAccount | undefined {
    if (alias.startsWith('+')) return this.accountOfNumber(alias) ?? this.account(alias, domain);
    return this.account(alias, domain);
  }

  apply(key: string, entry: Entry | undefined): void {
    if (key.startsWith(accountPrefix)) this.#applyAccount(key, entry);
    else if (key.startsWith(domainPrefix)) this.#applyDomain(key, entry);
  }

  revisionOf(key: string): Revision | undefined {
    if (key.startsWith(accountPrefix)) {
      const [domain, user] = partsOf(key);
      const table = this.#domains.get(domain);
      return table && this.#kept(table, user)?.modRevision;
    }
    return this.#domains.get(key.slice(domainPrefix.length))?.domain?.modRevision;
  }

  *keys(): Iterable<string> {
    for (const [name, table] of this.#domains) {
      if (table.domain !== undefined) yield domainKey(name);
      for (const user of table.accounts.keys()) yield accountKey(name, user);
    }
  }

  #applyDomain(key: string, entry: Entry | undefined): void {
    const name = key.slice(domainPrefix.length);
    const table = this.#table(name);
    for (const host of hostsOf(table.domain)) if (this.#hosts.get(host) === table) this.#hosts.delete(host);
    const record = entry && this.#read(key, () => decodeDomain(key, name, entry.value));
    table.domain = entry && record && { record, createRevision: entry.createRevision, modRevision: entry.modRevision };
    // A name of its own goes before an alias of another domain.
    for (const host of hostsOf(table.domain)) {
      if (host === name || this.#hosts.get(host) === undefined) this.#hosts.set(host, table);
    }
    this.#tidy(name, table);
    this.#changed({ kind: 'domain', name, record });
  }

  #applyAccount(key: string, entry: Entry | undefined): void {
    const [domain, user] = partsOf(key);
    if (user === '') return;
    const table = this.#table(domain);
    const before = this.#kept(table, user);
    if (before !== undefined) this.#forget(table, before);
    const record = entry && this.#read(key, () => decodeAccount(key, user, entry.value));
    if (entry !== undefined && record !== undefined) this.#remember(table, record, entry);
    this.#tidy(domain, table);
    const account = (): Account | undefined => this.#kept(table, user);
    this.#changed({
      kind: 'account',
      aor: `${user}@${domain}`,
      get account() {
        return account();
      },
    });
  }

  #forget(table: DomainTable, { user, aor, aliases }: KeptAccount): void {
    table.accounts.delete(user);
    this.#accountCount--;
    for (const alias of aliases) {
      if (table.aliases.get(alias) === user) table.aliases.delete(alias);
      if (this.#numbers.get(alias) === aor) this.#numbers.delete(alias);
    }
  }

  #remember(table: DomainTable, record: AccountRecord, entry: Entry): void {
    const { user, aliases } = record;
    const aor = `${user}@${table.name}`;
    // Part of a key of the store, which would stay with it.
    table.accounts.set(ownText(user), this.#packer.pack(record, entry));
    this.#accountCount++;
    for (const alias of aliases) {
      const other = table.aliases.get(alias) ?? (alias.startsWith('+') ? this.#numbers.get(alias) : undefined);
      if (other !== undefined && other !== user) {
        this.#logger.warn({ alias, account: aor, other }, 'two accounts have the same alias; the first keeps it');
        continue;
      }
      table.aliases.set(alias, user);
      if (alias.startsWith('+')) this.#numbers.set(alias, aor);
    }
  }

  #table(name: string): DomainTable {
    let table = this.#domains.get(name);
    if (table === undefined) {
      this.#domains.set(name, (table = { name, domain: undefined, accounts: new Map(), aliases: new Map() }));
    }
    return table;
  }

  #tidy(name: string, table: DomainTable): void {
    if (table.domain === undefined && table.accounts.size === 0) this.#domains.delete(name);
  }

  /** A record that cannot be read counts as absent; it stays in the store for people to look at. */
  #read<T>(key: string, decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      this.#logger.error({ key, err: error }, 'a record of the store cannot be read and is ignored');
      return undefined;
    }
  }
}

/** Whose name or alias it is, if anybody's. */
function userIn({ accounts, aliases }: DomainTable, name: string): string | undefined {
  if (accounts.has(name)) return name;
  return aliases.size === 0 ? undefined : (aliases.get(name) ?? aliases.get(telephoneNumber(name) ?? ''));
}

function placeOf(user: string): number {
  let hash = user.length;
  for (let at = 0; at < user.length; at++) hash = (hash * 31 + user.charCodeAt(at)) | 0;
  return hash & (unpackedMax - 1);
}

function hostsOf(domain: KeptDomain | undefined): readonly string[] {
  return domain === undefined ? [] : [domain.record.name, ...domain.record.aliases];
}

function partsOf(key: string): [domain: string, user: string] {
  const slash = key.indexOf('/', accountPrefix.length);
  return slash < 0
    ? [key.slice(accountPrefix.length), '']
    : [key.slice(accountPrefix.length, slash), key.slice(slash + 1)];
}
