import type { Outcome } from '../commands/command.ts';
import { loadUser, saveUser } from '../commands/user-record.ts';
import { readCertificate } from '../commands/certificate-files.ts';
import { AuthType } from '../commands/words.ts';
import { usageError } from '../exit-code.ts';
import type { JsonObject } from '../json-document.ts';
import { parseLocalTime } from '../output/format.ts';
import { userPasswordHashes } from '../password-hashes.ts';
import { chooseNewPassword, generatedLine, passwordOptions, type NewPassword } from './new-password.ts';
import { namedVerb, said, type Verb, type VerbContext, type VerbOption } from './verb.ts';

const detailOptions: readonly VerbOption[] = [
  { flags: '--real-name <text>', about: 'the full name of the person' },
  { flags: '--note <text>', about: 'anything worth knowing' },
  { flags: '--group <name>', about: 'the group that the user is in' },
  { flags: '--expires <time>', about: 'no log-in after this time (2027-12-31, RFC 3339, or never)' },
];

const authOptions: readonly VerbOption[] = [
  ...passwordOptions,
  { flags: '--certificate <file>', about: 'log in with the key of this certificate instead of a password' },
  { flags: '--signed-by-authority', about: 'log in with any certificate of an authority that the hub trusts' },
  { flags: '--anonymous', about: 'log in without any proof' },
];

/** A date alone means the end of that day here; other forms mean what they say. */
function parseExpiry(text: string): JsonObject {
  if (/^(never|none)$/i.test(text)) return { ExpireTime_dt: 0 };
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const ms = isDay ? Date.parse(`${text}T23:59:59`) : (parseLocalTime(text) ?? Date.parse(text));
  if (Number.isNaN(ms)) throw usageError(`--expires ${text} is no time: give 2027-12-31, RFC 3339, or never`);
  return { ExpireTime_dt: new Date(ms).toISOString() };
}

function details({ options }: VerbContext): JsonObject {
  const expires = options.text('expires');
  const texts = { Realname_utf: 'realName', Note_utf: 'note', GroupName_str: 'group' };
  const given = Object.entries(texts).map(([field, option]) => [field, options.text(option)] as const);
  return {
    ...Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ...(expires === undefined ? {} : parseExpiry(expires)),
  };
}

interface ChosenAuth {
  readonly fields: JsonObject;
  readonly password: NewPassword | undefined;
}

async function chooseAuth(context: VerbContext, name: string): Promise<ChosenAuth> {
  const { options, files, runtime } = context;
  const certificate = options.text('certificate');
  const chosen = [options.isSet('anonymous'), options.isSet('signedByAuthority'), certificate !== undefined];
  if (chosen.filter(Boolean).length > 1) throw usageError('give one way to log in, not several');
  if (options.isSet('anonymous')) return { fields: { AuthType_u32: AuthType.anonymous }, password: undefined };
  if (options.isSet('signedByAuthority')) return { fields: { AuthType_u32: AuthType.signed }, password: undefined };
  if (certificate !== undefined) {
    const der = await readCertificate(files, certificate);
    return { fields: { AuthType_u32: AuthType.certificate, UserX_bin: der.toString('base64') }, password: undefined };
  }
  const password = await chooseNewPassword(runtime, options, name);
  return { fields: passwordFields(name, password), password };
}

const passwordFields = (name: string, password: NewPassword): JsonObject => ({
  AuthType_u32: AuthType.password,
  ...userPasswordHashes(name, password.text),
});

function changed(line: string, name: string, password: NewPassword | undefined): Outcome {
  const lines = [line, ...(password === undefined ? [] : generatedLine(name, password))];
  const json = password?.isGenerated === true ? { name, password: password.text } : { name };
  return { blocks: [{ kind: 'text', lines }], json };
}

async function addUser(context: VerbContext, name: string): Promise<Outcome> {
  const more = details(context);
  const { fields, password } = await chooseAuth(context, name);
  await context.api.call('CreateUser', { HubName_str: context.hubName, Name_str: name, ...more, ...fields });
  return changed(`user ${name} added to hub ${context.hubName}`, name, password);
}

async function setUser(context: VerbContext, name: string): Promise<Outcome> {
  const changes = details(context);
  if (Object.keys(changes).length === 0) throw usageError('nothing to set: see hubfarm user set --help');
  await saveUser(context, await loadUser(context, name), changes);
  return said(`user ${name} changed`, { name });
}

async function setPassword(context: VerbContext, name: string): Promise<Outcome> {
  const user = await loadUser(context, name);
  const password = await chooseNewPassword(context.runtime, context.options, name);
  await saveUser(context, user, { UserX_bin: '', ...passwordFields(user.text('Name'), password) });
  return changed(`password of ${name} set`, name, password);
}

export const userVerbs: readonly Verb[] = [
  {
    noun: 'user',
    verb: 'add',
    about: 'make a user',
    words: ['<name>'],
    options: [...authOptions, ...detailOptions],
    needsHub: true,
    hasPassword: true,
    run: (context, [name = '']) => addUser(context, name),
  },
  namedVerb({
    noun: 'user',
    verb: 'list',
    about: 'list the users of a hub',
    needsHub: true,
    command: 'UserList',
    screenColumns: ['name', 'realName', 'group', 'auth', 'logins', 'lastLoginAt', 'expiresAt', 'transferBytes'],
  }),
  namedVerb({
    noun: 'user',
    verb: 'show',
    about: 'show one user',
    words: ['<name>'],
    needsHub: true,
    command: 'UserGet',
    parameters: ['[name]'],
  }),
  {
    noun: 'user',
    verb: 'set',
    about: 'change the details of a user',
    words: ['<name>'],
    options: detailOptions,
    needsHub: true,
    run: (context, [name = '']) => setUser(context, name),
  },
  {
    noun: 'user',
    verb: 'passwd',
    about: 'set the password of a user',
    words: ['<name>'],
    options: passwordOptions,
    needsHub: true,
    hasPassword: true,
    run: (context, [name = '']) => setPassword(context, name),
  },
  namedVerb({
    noun: 'user',
    verb: 'remove',
    about: 'delete a user',
    words: ['<name>'],
    needsHub: true,
    command: 'UserDelete',
    parameters: ['[name]'],
    done: 'user % removed',
  }),
];
