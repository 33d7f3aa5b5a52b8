import { cell, flag, integer, moment, plain } from '../output/cell.ts';
import { showTable, type Outcome } from '../commands/command.ts';
import type { Fields } from '../fields.ts';
import { usageError } from '../exit-code.ts';
import type { JsonObject } from '../json-document.ts';
import type { Column } from '../output/table.ts';
import { importAccounts } from './account-import.ts';
import { chooseNewPassword, generatedLine, passwordOptions, type NewPassword } from './new-password.ts';
import { said, type Verb, type VerbContext, type VerbOption } from './verb.ts';

const detailOptions: readonly VerbOption[] = [
  { flags: '--name <text>', about: 'the full name of the person' },
  {
    flags: '--alias <names>',
    about: 'other users that mean this account, with commas; telephone numbers begin with +',
  },
  { flags: '--contacts <n>', about: 'telephones that may be registered at once (0 = as the server says)' },
];

function details({ options }: VerbContext): JsonObject {
  const [name, alias, contacts] = [options.text('name'), options.text('alias'), options.text('contacts')];
  if (contacts !== undefined && !/^\d{1,3}$/.test(contacts)) throw usageError(`"${contacts}" is no number of contacts`);
  return {
    ...(name === undefined ? {} : { DisplayName_utf: name }),
    ...(alias === undefined
      ? {}
      : { Aliases_str: alias.split(',').filter((one) => one !== ''), SetAliases_bool: true }),
    ...(contacts === undefined ? {} : { MaxContacts_u32: Number(contacts) }),
  };
}

/** `alice@example.org`, or `alice` with `--domain`. */
function accountOf({ options }: VerbContext, word: string): string {
  if (word.includes('@')) return word;
  const domain = options.text('domain');
  if (domain === undefined) throw usageError(`"${word}" is no account: give user@domain`);
  return `${word}@${domain}`;
}

function changed(line: string, account: string, password: NewPassword | undefined): Outcome {
  const lines = [line, ...(password === undefined ? [] : generatedLine(account, password))];
  const json = password?.isGenerated === true ? { account, password: password.text } : { account };
  return { blocks: [{ kind: 'text', lines }], json };
}

async function add(context: VerbContext, word: string): Promise<Outcome> {
  const account = accountOf(context, word);
  const more = details(context);
  const password = await chooseNewPassword(context.runtime, context.options, account);
  const params = {
    Account_str: account,
    Password_utf: password.text,
    CreateDomain_bool: context.options.isSet('createDomain'),
    ...more,
  };
  const name = (await context.api.call('HubfarmSipCreateAccount', params)).text('Account');
  return changed(`account ${name} added`, name, password);
}

async function set(context: VerbContext, word: string): Promise<Outcome> {
  const account = accountOf(context, word);
  const { options } = context;
  if (options.isSet('enable') && options.isSet('disable')) throw usageError('give --enable or --disable, not both');
  const isChanged = options.isSet('enable') || options.isSet('disable');
  const changes = { ...details(context), ...(isChanged ? { Enabled_bool: options.isSet('enable') } : {}) };
  if (Object.keys(changes).length === 0) throw usageError('nothing to set: see hubfarm account set --help');
  await context.api.call('HubfarmSipSetAccount', { Account_str: account, ...changes });
  return said(`account ${account} changed`, { account });
}

async function setPassword(context: VerbContext, word: string): Promise<Outcome> {
  const account = accountOf(context, word);
  const password = await chooseNewPassword(context.runtime, context.options, account);
  await context.api.call('HubfarmSipSetAccount', { Account_str: account, Password_utf: password.text });
  return changed(`password of ${account} set`, account, password);
}

const columns: readonly Column[] = [
  { key: 'account', title: 'Account' },
  { key: 'name', title: 'Name' },
  { key: 'aliases', title: 'Aliases' },
  { key: 'enabled', title: 'Enabled' },
  { key: 'contacts', title: 'Registered', isRight: true },
  { key: 'maxContacts', title: 'Limit', isRight: true },
  { key: 'createdAt', title: 'Created' },
  { key: 'updatedAt', title: 'Changed' },
];

async function list({ api, options }: VerbContext): Promise<Outcome> {
  const named = options.text('domain');
  const domains =
    named === undefined
      ? (await api.call('HubfarmSipEnumDomain')).rows('DomainList').map((row) => row.text('Domain'))
      : [named];
  const rows: Fields[] = [];
  for (const domain of domains) {
    for (let after = ''; ;) {
      const answer = await api.call('HubfarmSipEnumAccount', { Domain_str: domain, After_str: after });
      const page = answer.rows('AccountList');
      rows.push(...page);
      after = page.at(-1)?.text('Username') ?? '';
      if (after === '' || rows.length >= answer.integer('NumAccounts')) break;
    }
  }
  const cells = rows.map((row) => [
    plain(row.text('Account')),
    plain(row.text('DisplayName')),
    plain(row.text('Aliases')),
    flag(row.flag('Enabled')),
    integer(row.integer('NumContacts')),
    row.integer('MaxContacts') === 0 ? cell('-', null) : integer(row.integer('MaxContacts')),
    moment(row.timeMs('CreatedTime')),
    moment(row.timeMs('UpdatedTime')),
  ]);
  return showTable({ kind: 'grid', columns, rows: cells });
}

const domainOption: VerbOption = { flags: '--domain <domain>', about: 'the SIP domain, where the account has none' };

/** SIP accounts: SoftEther has none. */
export const accountVerbs: readonly Verb[] = [
  {
    noun: 'account',
    verb: 'add',
    about: 'make a SIP account',
    words: ['<user@domain>'],
    options: [
      ...passwordOptions,
      { flags: '--create-domain', about: 'make the domain, too, where there is none' },
      ...detailOptions,
      domainOption,
    ],
    hasPassword: true,
    run: (context, [word = '']) => add(context, word),
  },
  {
    noun: 'account',
    verb: 'list',
    about: 'list the SIP accounts of a domain, or of all',
    options: [{ flags: '--domain <domain>', about: 'only those of this domain' }],
    screenColumns: ['account', 'name', 'aliases', 'enabled', 'contacts'],
    run: list,
  },
  {
    noun: 'account',
    verb: 'set',
    about: 'change the details of a SIP account',
    words: ['<user@domain>'],
    options: [
      ...detailOptions,
      { flags: '--enable', about: 'let it log in and be called' },
      { flags: '--disable', about: 'no log-in, no calls to it' },
      domainOption,
    ],
    run: (context, [word = '']) => set(context, word),
  },
  {
    noun: 'account',
    verb: 'passwd',
    about: 'set the password of a SIP account',
    words: ['<user@domain>'],
    options: [...passwordOptions, domainOption],
    hasPassword: true,
    run: (context, [word = '']) => setPassword(context, word),
  },
  {
    noun: 'account',
    verb: 'remove',
    about: 'remove a SIP account and its registrations',
    words: ['<user@domain>'],
    options: [domainOption],
    run: async (context, [word = '']) => {
      const account = accountOf(context, word);
      await context.api.call('HubfarmSipDeleteAccount', { Account_str: account });
      return said(`account ${account} removed`, { account });
    },
  },
  {
    noun: 'account',
    verb: 'import',
    about: 'make SIP accounts from a CSV file: user,password[,name[,aliases[,contacts]]]',
    words: ['<file>'],
    options: [
      { flags: '--domain <domain>', about: 'the SIP domain of the accounts' },
      { flags: '--partial', about: 'pass over bad lines instead of importing nothing' },
    ],
    run: (context, [file = '']) => importAccounts(context, file),
  },
];
