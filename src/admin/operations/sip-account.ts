import { passwordHashes, type Account, type AccountRecord, type PasswordHashes } from '#sip';
import { ErrorCode } from '#softether';
import { bool, int, list, many, optional, str, time, unistr, type ValueOf } from '../schema/field.ts';
import { operation } from './operation.ts';
import { Refusal, refuse } from './refusal.ts';
import { accountName, sipOf, type SipControl } from './sip-control.ts';

const maxListed = 10_000;
const md5Hex = /^[0-9a-f]{32}$/i;
const sha256Hex = /^[0-9a-f]{64}$/i;

/** How a password is given: as it is, or as what digest authentication makes of it. */
export const secretFields = {
  Password: optional(unistr('it is not kept: only hashes of it')),
  Ha1Md5: optional(str('instead: MD5 of user:domain:password, hex')),
  Ha1bMd5: optional(str('and MD5 of user@domain:domain:password, hex, for clients that give their user so')),
  Ha1Sha256: optional(str('and SHA-256 of the same, hex; without it clients can only use MD5')),
};

const detailFields = {
  Aliases: many(str('other users of the domain that mean this account; telephone numbers begin with +')),
  DisplayName: optional(unistr()),
  Enabled: optional(bool('false: no log-in, no calls to it')),
  MaxContacts: optional(int('registered at once; 0 = as the settings of the server say')),
};

const inputFields = { Account: str('user@domain'), ...secretFields, ...detailFields };
const outputFields = {
  Account: str(),
  Aliases: many(str()),
  DisplayName: unistr(),
  Enabled: bool(),
  MaxContacts: int(),
  CreatedTime: time(),
  UpdatedTime: time(),
};

/** Nobody can log in. */
export const noHashes: PasswordHashes = Object.freeze({ ha1Md5: '', ha1Sha256: '', ha1Sha512: '', ha1bMd5: '' });

/** undefined = none was given. */
export function secretOf(
  { user, domain }: { readonly user: string; readonly domain: string },
  { Password, Ha1Md5, Ha1bMd5, Ha1Sha256 }: ValueOf<typeof secretFields>,
): PasswordHashes | undefined | Refusal {
  if (Password !== undefined) {
    if (Password === '') return refuse(ErrorCode.INVALID_PARAMETER, 'an empty password would let anybody in');
    return passwordHashes(user, domain, Password);
  }
  if (Ha1Md5 === undefined && Ha1bMd5 === undefined && Ha1Sha256 === undefined) return undefined;
  const isWrong = (text: string | undefined, form: RegExp): boolean => text !== undefined && !form.test(text);
  if (isWrong(Ha1Md5, md5Hex) || isWrong(Ha1bMd5, md5Hex) || isWrong(Ha1Sha256, sha256Hex)) {
    return refuse(ErrorCode.INVALID_PARAMETER, 'Ha1Md5 and Ha1bMd5 take 32 hexadecimal digits, Ha1Sha256 takes 64');
  }
  return {
    ...noHashes,
    ha1Md5: Ha1Md5?.toLowerCase() ?? '',
    ha1Sha256: Ha1Sha256?.toLowerCase() ?? '',
    ha1bMd5: Ha1bMd5?.toLowerCase() ?? '',
  };
}

function outputOf(account: Account): ValueOf<typeof outputFields> {
  return {
    Account: account.aor,
    Aliases: account.aliases,
    DisplayName: account.displayName,
    Enabled: account.isEnabled,
    MaxContacts: account.maxContacts,
    CreatedTime: account.createdAtMs,
    UpdatedTime: account.updatedAtMs,
  };
}

/** The record as the audit log shows it. */
function recordOf(account: Account): object {
  const { aliases, displayName, isEnabled, maxContacts, ha1Md5, ha1Sha256, ha1Sha512, ha1bMd5 } = account;
  return { aliases, displayName, isEnabled, maxContacts, ha1Md5, ha1Sha256, ha1Sha512, ha1bMd5 };
}

/** The account by its own name; what is an alias is none of its own. */
function existing(sip: SipControl, text: string): Account | Refusal {
  const name = accountName(text);
  if (name instanceof Refusal) return name;
  const account = sip.directory.find(name.user, name.domain);
  return account ?? refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no SIP account ${text}`);
}

type Details = ValueOf<typeof detailFields>;

function changesOf({ DisplayName, Enabled, MaxContacts }: Omit<Details, 'Aliases'>): Partial<AccountRecord> {
  return {
    ...(DisplayName === undefined ? {} : { displayName: DisplayName }),
    ...(Enabled === undefined ? {} : { isEnabled: Enabled }),
    ...(MaxContacts === undefined ? {} : { maxContacts: MaxContacts }),
  };
}

export const sipAccountOperations = [
  operation({
    name: 'HubfarmSipCreateAccount',
    noun: 'account',
    verb: 'add',
    about: 'Makes a SIP account. Without a password nobody can log in to it.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { ...inputFields, CreateDomain: bool('also the domain, where there is none') },
    output: outputFields,
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const name = accountName(input.Account);
      if (name instanceof Refusal) return name;
      let domain = sip.directory.domain(name.domain);
      if (domain === undefined && input.CreateDomain) {
        domain = await sip.directory.createDomain(name.domain);
        call.changed(`SIP domain ${domain.name}`, undefined, domain);
      }
      if (domain === undefined) {
        return refuse(
          ErrorCode.OBJECT_NOT_FOUND,
          `there is no SIP domain ${name.domain}: "hubfarm domain add" makes it`,
        );
      }
      const secret = secretOf({ user: name.user, domain: domain.name }, input);
      if (secret instanceof Refusal) return secret;
      const now = context.clock.wallMs();
      const account = await sip.directory.createAccount(domain.name, {
        user: name.user,
        ...(secret ?? noHashes),
        aliases: input.Aliases,
        displayName: '',
        isEnabled: true,
        maxContacts: 0,
        createdAtMs: now,
        updatedAtMs: now,
        ...changesOf(input),
      });
      call.changed(`SIP account ${account.aor}`, undefined, recordOf(account));
      return outputOf(account);
    },
  }),
  operation({
    name: 'HubfarmSipSetAccount',
    noun: 'account',
    verb: 'set',
    about:
      'Changes a SIP account: what is left out stays. Aliases are all that it shall have, where SetAliases says so.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { ...inputFields, SetAliases: bool() },
    output: outputFields,
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const before = existing(sip, input.Account);
      if (before instanceof Refusal) return before;
      const secret = secretOf(before, input);
      if (secret instanceof Refusal) return secret;
      const aliases = input.SetAliases ? { aliases: input.Aliases } : {};
      const changes = { ...changesOf(input), ...secret, ...aliases };
      const after = await sip.directory.updateAccount(before.domain, before.user, () => changes);
      call.changed(`SIP account ${after.aor}`, recordOf(before), recordOf(after));
      return outputOf(after);
    },
  }),
  operation({
    name: 'HubfarmSipDeleteAccount',
    noun: 'account',
    verb: 'remove',
    about: 'Removes a SIP account and its registrations. Calls that are up go on.',
    role: 'server',
    effect: 'change',
    faces: 'json',
    input: { Account: str('user@domain') },
    output: { Account: str() },
    run: async (context, input, call) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const before = existing(sip, input.Account);
      if (before instanceof Refusal) return before;
      await sip.directory.deleteAccount(before.domain, before.user);
      call.changed(`SIP account ${before.aor}`, recordOf(before), undefined);
      return { Account: before.aor };
    },
  }),
  operation({
    name: 'HubfarmSipGetAccount',
    noun: 'account',
    verb: 'show',
    about: 'One SIP account, by its name or an alias.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: { Account: str('user@domain') },
    output: outputFields,
    run: (context, input) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const account = existing(sip, input.Account);
      return account instanceof Refusal ? account : outputOf(account);
    },
  }),
  operation({
    name: 'HubfarmSipEnumAccount',
    noun: 'account',
    verb: 'list',
    about: 'The SIP accounts of a domain in the order of their users, a page at a time.',
    role: 'server',
    effect: 'read',
    faces: 'json',
    input: {
      Domain: str(),
      After: str('user that the page begins behind; empty: from the first'),
      Max: int(`1 to ${maxListed}; 0 = ${maxListed}`),
    },
    output: {
      NumAccounts: int('of the domain'),
      AccountList: list({
        Account: str(),
        Username: str(),
        Aliases: str('with commas'),
        DisplayName: unistr(),
        Enabled: bool(),
        MaxContacts: int(),
        NumContacts: int('registered now'),
        CreatedTime: time(),
        UpdatedTime: time(),
      }),
    },
    run: (context, input) => {
      const sip = sipOf(context);
      if (sip instanceof Refusal) return sip;
      const domain = sip.directory.domain(input.Domain)?.name;
      if (domain === undefined) return refuse(ErrorCode.OBJECT_NOT_FOUND, `there is no SIP domain ${input.Domain}`);
      const max = input.Max === 0 ? maxListed : Math.min(input.Max, maxListed);
      return {
        NumAccounts: sip.directory.countOf(domain),
        AccountList: sip.directory.accounts(domain, input.After, max).map((account) => ({
          ...outputOf(account),
          Username: account.user,
          Aliases: account.aliases.join(','),
          NumContacts: sip.registrations.lookup(account.aor).length,
        })),
      };
    },
  }),
];
