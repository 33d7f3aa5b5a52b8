import type { Entry, RecordTables, Revision } from '#backplane';
import type { Logger } from '#base';
import type { Account, KeptAccount } from './account.ts';
import { accountKey, accountPrefix, domainKey, domainPrefix, telephoneNumber } from './names.ts';
import { decodeAccount, decodeDomain } from './record-codec.ts';
import type { DomainRecord } from './records.ts';

export interface KeptDomain {
  readonly record: DomainRecord;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
}

interface DomainTable {
  domain: KeptDomain | undefined;
  readonly accounts: Map<string, KeptAccount>;
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

/** Domains and accounts by the names that messages have for them. */
export class AccountTables implements RecordTables {
  readonly #logger: Logger;
  readonly #changed: (change: AccountChange) => void;
  readonly #domains = new Map<string, DomainTable>();
  /** Name and aliases of each domain that there is. */
  readonly #hosts = new Map<string, DomainTable>();
  /** Telephone numbers that are aliases, of all domains. */
  readonly #numbers = new Map<string, KeptAccount>();
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

  accountsOf(domain: string): Iterable<KeptAccount> {
    return this.#domains.get(domain)?.accounts.values() ?? [];
  }

  /** `user` is a user, an alias or a telephone number; `host` a domain or an alias of one, in lower case. */
  account(user: string, host: string): KeptAccount | undefined {
    const table = this.#hosts.get(host);
    if (table === undefined) return undefined;
    const account = table.accounts.get(user);
    if (account !== undefined || table.aliases.size === 0) return account;
    const meant = table.aliases.get(user) ?? table.aliases.get(telephoneNumber(user) ?? '');
    return meant === undefined ? undefined : table.accounts.get(meant);
  }

  /** The account that has this `+` number as an alias, whatever its domain. */
  accountOfNumber(number: string): KeptAccount | undefined {
    return this.#numbers.get(number);
  }

  /** Who has this alias in the domain; also somebody whose user it is. */
  holderOf(alias: string, domain: string): KeptAccount | undefined {
    if (alias.startsWith('+')) return this.#numbers.get(alias) ?? this.account(alias, domain);
    return this.account(alias, domain);
  }

  apply(key: string, entry: Entry | undefined): void {
    if (key.startsWith(accountPrefix)) this.#applyAccount(key, entry);
    else if (key.startsWith(domainPrefix)) this.#applyDomain(key, entry);
  }

  revisionOf(key: string): Revision | undefined {
    if (key.startsWith(accountPrefix)) {
      const [domain, user] = partsOf(key);
      return this.#domains.get(domain)?.accounts.get(user)?.modRevision;
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
    const before = table.accounts.get(user);
    if (before !== undefined) this.#forget(table, before);
    const record = entry && this.#read(key, () => decodeAccount(key, user, entry.value));
    if (entry !== undefined && record !== undefined) {
      const { createRevision, modRevision } = entry;
      const aor = before?.aor ?? `${user}@${domain}`;
      this.#remember(table, { ...record, domain, aor, createRevision, modRevision });
    }
    this.#tidy(domain, table);
    this.#changed({ kind: 'account', aor: `${user}@${domain}`, account: table.accounts.get(user) });
  }

  #forget(table: DomainTable, account: KeptAccount): void {
    table.accounts.delete(account.user);
    this.#accountCount--;
    for (const alias of account.aliases) {
      if (table.aliases.get(alias) === account.user) table.aliases.delete(alias);
      if (this.#numbers.get(alias) === account) this.#numbers.delete(alias);
    }
  }

  #remember(table: DomainTable, account: KeptAccount): void {
    table.accounts.set(account.user, account);
    this.#accountCount++;
    for (const alias of account.aliases) {
      const other = table.aliases.get(alias) ?? (alias.startsWith('+') ? this.#numbers.get(alias)?.aor : undefined);
      if (other !== undefined && other !== account.user) {
        this.#logger.warn(
          { alias, account: account.aor, other },
          'two accounts have the same alias; the first keeps it',
        );
        continue;
      }
      table.aliases.set(alias, account.user);
      if (alias.startsWith('+')) this.#numbers.set(alias, account);
    }
  }

  #table(name: string): DomainTable {
    let table = this.#domains.get(name);
    if (table === undefined) {
      this.#domains.set(name, (table = { domain: undefined, accounts: new Map(), aliases: new Map() }));
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

function hostsOf(domain: KeptDomain | undefined): readonly string[] {
  return domain === undefined ? [] : [domain.record.name, ...domain.record.aliases];
}

function partsOf(key: string): [domain: string, user: string] {
  const slash = key.indexOf('/', accountPrefix.length);
  return slash < 0
    ? [key.slice(accountPrefix.length), '']
    : [key.slice(accountPrefix.length, slash), key.slice(slash + 1)];
}
