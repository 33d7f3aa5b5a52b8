import { GuardedChanges, RecordWatch, type Backplane, type Guard, type Operation, type Revision } from '#backplane';
import { silentLogger, type Logger } from '#base';
import type { Clock } from '#io';
import type { Account, KeptAccount, NamedAccount } from './account.ts';
import { AccountTables, type AccountChange, type KeptDomain } from './account-tables.ts';
import { AccountError } from './errors.ts';
import { accountLimits, defaultAccountLimits, type AccountLimits } from './limits.ts';
import { accountKey, accountsPrefix, aliasName, checkUser, domainKey, domainName, telephoneNumber } from './names.ts';
import type { PackedAccount } from './packed-account.ts';
import { encodeAccount, encodeDomain } from './record-codec.ts';
import type { AccountRecord, DomainRecord } from './records.ts';

export interface DirectoryOptions {
  readonly limits?: AccountLimits;
  readonly logger?: Logger;
  /**
   * In a cluster only the controller changes accounts: each write has this guard, and while there is none changes are
   * refused with `NOT_CONTROLLER`.
   */
  readonly leadership?: () => Guard | undefined;
}

/** What messages are looked up in; synchronous. */
export interface Domains {
  /** A domain of this server, by its name or an alias, in any case. */
  isLocal(host: string): boolean;
  /** `user@domain`, or the number of a `tel:` URI; aliases are resolved, disabled accounts found too. */
  account(aor: string): Account | undefined;
}

/**
 * Domains and accounts: tables that are always at hand, and the changes to them. A change resolves when it is durable
 * and these tables show it. It rejects with an `AccountError`, or with what the backplane rejects with.
 */
export class AccountDirectory implements Domains {
  readonly #clock: Clock;
  readonly #limits: AccountLimits;
  readonly #listeners = new Set<(change: AccountChange) => void>();
  readonly #tables: AccountTables;
  #watch!: RecordWatch;
  #changes!: GuardedChanges;

  private constructor(clock: Clock, options: DirectoryOptions) {
    this.#clock = clock;
    this.#limits = options.limits ?? defaultAccountLimits;
    this.#tables = new AccountTables(options.logger ?? silentLogger, (change) => {
      for (const listener of this.#listeners) listener(change);
    });
  }

  static async open(backplane: Backplane, clock: Clock, options: DirectoryOptions = {}): Promise<AccountDirectory> {
    const directory = new AccountDirectory(clock, options);
    const watch = await RecordWatch.open(backplane, accountsPrefix, directory.#tables);
    const { leadership } = options;
    directory.#watch = watch;
    directory.#changes = new GuardedChanges({ backplane, watch, leadership, notController, busy });
    return directory;
  }

  close(): void {
    this.#watch.close();
    this.#listeners.clear();
  }

  /** Called for each change, after the tables show it. Returns the function that ends this. */
  onChange(listener: (change: AccountChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  isLocal(host: string): boolean {
    return this.domain(host) !== undefined;
  }

  /** By its name or an alias, in any case. */
  domain(host: string): DomainRecord | undefined {
    return (this.#tables.domain(host) ?? this.#tables.domain(host.toLowerCase()))?.record;
  }

  /** In the order of their names. */
  domains(): DomainRecord[] {
    return this.#tables.domains();
  }

  account(aor: string): Account | undefined {
    const at = aor.lastIndexOf('@');
    if (at < 0) return this.accountOfNumber(aor);
    return this.find(aor.slice(0, at), aor.slice(at + 1));
  }

  /** As `account`. */
  find(user: string, host: string): Account | undefined {
    return this.#tables.account(user, host) ?? this.#tables.account(user, host.toLowerCase());
  }

  /** Who `find` would find, for less. */
  named(user: string, host: string): NamedAccount | undefined {
    return this.#tables.named(user, host) ?? this.#tables.named(user, host.toLowerCase());
  }

  /** By its user and the name of its domain, as they are; not by an alias. */
  packedAccount(user: string, domain: string): PackedAccount | undefined {
    return this.#tables.packedAccount(user, domain);
  }

  /** Whose alias this telephone number is, in any domain: for `tel:` URIs. */
  accountOfNumber(text: string): Account | undefined {
    const number = telephoneNumber(text);
    return number === undefined ? undefined : this.#tables.accountOfNumber(number);
  }

  get accountCount(): number {
    return this.#tables.accountCount;
  }

  countOf(domain: string): number {
    return this.#tables.countOf(domain);
  }

  /** In the order of their users, those after `after`, at most `max`. */
  accounts(domain: string, after = '', max = Number.MAX_SAFE_INTEGER): Account[] {
    const found: Account[] = [];
    for (const account of this.#tables.accountsOf(domain)) if (account.user > after) found.push(account);
    return found.sort((a, b) => (a.user < b.user ? -1 : 1)).slice(0, max);
  }

  async createDomain(name: string, aliases: readonly string[] = []): Promise<DomainRecord> {
    const record = this.#checkedDomain({ name: domainName(name), aliases, createdAtMs: this.#clock.wallMs() });
    const key = domainKey(record.name);
    await this.#changes.make(() => {
      this.#refuseTakenHosts(record, undefined);
      if (this.#tables.domains().length >= this.#limits.maxDomains) {
        throw new AccountError('TOO_MANY_SIP_DOMAINS', `there are ${this.#limits.maxDomains} domains already`);
      }
      return [[{ kind: 'put', key, value: encodeDomain(record) }], [{ key, modRevision: 0 }]];
    });
    return record;
  }

  async setDomainAliases(name: string, aliases: readonly string[]): Promise<DomainRecord> {
    let changed!: DomainRecord;
    await this.#changes.make(() => {
      const { record, modRevision } = this.#keptDomain(name);
      changed = this.#checkedDomain({ ...record, aliases });
      this.#refuseTakenHosts(changed, record.name);
      const key = domainKey(record.name);
      return [[{ kind: 'put', key, value: encodeDomain(changed) }], [{ key, modRevision }]];
    });
    return changed;
  }

  /** With all its accounts. */
  async deleteDomain(name: string): Promise<void> {
    await this.#changes.make(() => {
      const { record, createRevision } = this.#keptDomain(name);
      const key = domainKey(record.name);
      return [
        [
          { kind: 'delete', key },
          { kind: 'deletePrefix', prefix: accountKey(record.name, '') },
        ],
        [{ key, createRevision }],
      ];
    });
  }

  async createAccount(domain: string, record: AccountRecord): Promise<Account> {
    await this.createAccounts(domain, [record]);
    return this.#keptAccount(domain, record.user);
  }

  /** All of them, or none; at most some thousand at once. The order is that of `records`; an error names the account. */
  async createAccounts(domain: string, records: readonly AccountRecord[]): Promise<Revision> {
    const checked = records.map(checkedAccount);
    return this.#changes.make(() => {
      const { record: kept, createRevision } = this.#keptDomain(domain);
      this.#refuseTaken(kept.name, checked);
      const guards: Guard[] = checked.map(({ user }) => ({ key: accountKey(kept.name, user), modRevision: 0 }));
      guards.push({ key: domainKey(kept.name), createRevision });
      return [checked.map((record) => put(kept.name, record)), guards];
    });
  }

  /** `change` gets the account as it is and returns the record as it shall be; called again if somebody was faster. */
  async updateAccount(
    domain: string,
    user: string,
    change: (current: Account) => Partial<Omit<AccountRecord, 'user' | 'createdAtMs' | 'updatedAtMs'>>,
  ): Promise<Account> {
    await this.#changes.make(() => {
      const current = this.#keptAccount(domain, user);
      const { createdAtMs } = current;
      const changed = checkedAccount({
        ...current,
        ...change(current),
        createdAtMs,
        updatedAtMs: this.#clock.wallMs(),
      });
      this.#refuseTakenAliases(current.domain, changed);
      const { modRevision } = current;
      return [[put(current.domain, changed)], [{ key: accountKey(current.domain, current.user), modRevision }]];
    });
    return this.#keptAccount(domain, user);
  }

  async deleteAccount(domain: string, user: string): Promise<void> {
    await this.#changes.make(() => {
      const account = this.#keptAccount(domain, user);
      const key = accountKey(account.domain, account.user);
      return [[{ kind: 'delete', key }], [{ key, createRevision: account.createRevision }]];
    });
  }

  /** Takes back what `createAccounts` made at `revision`, as far as it is still as it was. */
  async takeBack(domain: string, users: readonly string[], revision: Revision): Promise<void> {
    await this.#changes.make(() => {
      const kept = users.flatMap((user) => this.#tables.account(user, domain) ?? []);
      const same = kept.filter((account) => account.modRevision === revision);
      const keys = same.map((account) => accountKey(account.domain, account.user));
      return [keys.map((key) => ({ kind: 'delete', key })), keys.map((key) => ({ key, modRevision: revision }))];
    });
  }

  /** @throws AccountError for the first account that cannot be added. */
  #refuseTaken(domain: string, records: readonly AccountRecord[]): void {
    if (this.#tables.accountCount + records.length > this.#limits.maxAccounts) {
      throw new AccountError(
        'TOO_MANY_SIP_ACCOUNTS',
        `more than ${this.#limits.maxAccounts} accounts are not possible`,
      );
    }
    const names = new Set<string>();
    for (const record of records) {
      this.#refuseTakenUser(domain, record.user);
      this.#refuseTakenAliases(domain, record);
      for (const name of [record.user, ...record.aliases]) {
        if (names.has(name)) throw new AccountError('SIP_ALIAS_TAKEN', `${name} is given to two accounts`);
        names.add(name);
      }
    }
  }

  /**
   * Why an account cannot be made, for people; undefined = it can. `taken`: names that others, who are on their way with
   * it, will have; those of a good one are added.
   */
  problemOf(domain: string, record: AccountRecord, taken: Set<string>): string | undefined {
    try {
      const checked = checkedAccount(record);
      this.#refuseTakenUser(domain, checked.user);
      this.#refuseTakenAliases(domain, checked);
      const names = [checked.user, ...checked.aliases];
      const twice = names.find((name) => taken.has(name));
      if (twice !== undefined) return `${twice} is there twice`;
      if (this.#tables.accountCount + taken.size >= this.#limits.maxAccounts) return 'too many accounts';
      for (const name of names) taken.add(name);
      return undefined;
    } catch (error) {
      if (error instanceof AccountError) return error.message;
      throw error;
    }
  }

  /** @throws AccountError SIP_ACCOUNT_EXISTS, SIP_ALIAS_TAKEN. */
  #refuseTakenUser(domain: string, user: string): void {
    const holder = this.#tables.account(user, domain);
    if (holder?.user === user)
      throw new AccountError('SIP_ACCOUNT_EXISTS', `there is an account ${holder.aor} already`);
    if (holder !== undefined) throw new AccountError('SIP_ALIAS_TAKEN', `${user} is an alias of ${holder.aor}`);
  }

  #refuseTakenAliases(domain: string, { user, aliases }: AccountRecord): void {
    for (const alias of aliases) {
      const holder = this.#tables.holderOf(alias, domain);
      if (holder === undefined || (holder.user === user && holder.domain === domain)) continue;
      throw new AccountError('SIP_ALIAS_TAKEN', `the alias ${alias} belongs to ${holder.aor}`);
    }
  }

  #refuseTakenHosts(record: DomainRecord, own: string | undefined): void {
    for (const host of [record.name, ...record.aliases]) {
      const holder = this.#tables.domain(host)?.record;
      if (holder === undefined || holder.name === own) continue;
      const what = holder.name === host ? 'there already' : `an alias of ${holder.name}`;
      throw new AccountError('SIP_DOMAIN_EXISTS', `the domain ${host} is ${what}`);
    }
  }

  #checkedDomain(record: DomainRecord): DomainRecord {
    const aliases = [...new Set(record.aliases.map(domainName))].filter((alias) => alias !== record.name);
    if (aliases.length > accountLimits.maxAliases) {
      throw new AccountError('BAD_NAME', `a domain has at most ${accountLimits.maxAliases} aliases`);
    }
    return { ...record, aliases };
  }

  #keptDomain(host: string): KeptDomain {
    const kept = this.#tables.domain(host.toLowerCase());
    if (kept === undefined) throw new AccountError('SIP_DOMAIN_NOT_FOUND', `there is no SIP domain ${host}`);
    return kept;
  }

  #keptAccount(domain: string, user: string): KeptAccount {
    const { record } = this.#keptDomain(domain);
    const account = this.#tables.account(user, record.name);
    if (account !== undefined) return account;
    throw new AccountError('SIP_ACCOUNT_NOT_FOUND', `there is no account ${user}@${record.name}`);
  }
}

function checkedAccount(record: AccountRecord): AccountRecord {
  const aliases = [...new Set(record.aliases.map(aliasName))].filter((alias) => alias !== record.user);
  if (aliases.length > accountLimits.maxAliases) {
    throw new AccountError('BAD_NAME', `an account has at most ${accountLimits.maxAliases} aliases`);
  }
  if (record.displayName.length > accountLimits.displayNameMaxChars) {
    throw new AccountError('BAD_NAME', `a name has at most ${accountLimits.displayNameMaxChars} characters`);
  }
  if (record.maxContacts > accountLimits.maxContacts) {
    throw new AccountError(
      'BAD_NAME',
      `${record.maxContacts} contacts: at most ${accountLimits.maxContacts} are possible`,
    );
  }
  return { ...record, user: checkUser(record.user), aliases };
}

function notController(): AccountError {
  return new AccountError('NOT_CONTROLLER', 'SIP accounts can be changed at the controller of the cluster only');
}

function busy(key: string, cause: unknown): AccountError {
  return new AccountError('BUSY', `${key} is being changed by somebody else, try again`, { cause });
}

function put(domain: string, record: AccountRecord): Operation {
  return { kind: 'put', key: accountKey(domain, record.user), value: encodeAccount(record) };
}
