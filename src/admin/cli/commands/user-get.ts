import { isJsonObject } from '../json-document.ts';
import { integer, moment, plain } from '../output/cell.ts';
import { hexText } from '../output/format.ts';
import { tableToJson, type Property } from '../output/table.ts';
import { certificateLine } from './certificate-files.ts';
import type { Block, Command } from './command.ts';
import { customCommand, toProperties, type Item } from './kinds.ts';
import { policyTable } from './policy.ts';
import { trafficItems } from './traffic.ts';
import { loadUser, userName } from './user-record.ts';
import { AuthType, authType } from './words.ts';

const isAuth =
  (...types: readonly number[]): NonNullable<Item['when']> =>
  (a) =>
    types.includes(a.integer('AuthType'));
const isGiven =
  (field: string, when: NonNullable<Item['when']>): NonNullable<Item['when']> =>
  (a) =>
    when(a) && a.text(field) !== '';

const accountItems: readonly Item[] = [
  { key: 'name', title: 'User Name', value: (a) => plain(a.text('Name')) },
  { key: 'realName', title: 'Full Name', value: (a) => plain(a.text('Realname')) },
  { key: 'note', title: 'Description', value: (a) => plain(a.text('Note')) },
  {
    key: 'group',
    title: 'Group Name',
    value: (a) => plain(a.text('GroupName')),
    when: (a) => a.text('GroupName') !== '',
  },
  { key: 'expiresAt', title: 'Expiration Date', value: (a) => moment(a.timeMs('ExpireTime')) },
  { key: 'auth', title: 'Auth Type', value: (a) => authType(a.integer('AuthType')) },
  {
    key: 'certificate',
    title: 'Registered User Individual Certificate',
    value: (a) => plain(certificateLine(a.bytes('UserX'))),
    when: (a) => isAuth(AuthType.certificate)(a) && a.bytes('UserX').length > 0,
  },
  {
    key: 'commonName',
    title: 'Limit of Certificate CN Value',
    value: (a) => plain(a.text('CommonName')),
    when: isGiven('CommonName', isAuth(AuthType.signed)),
  },
  {
    key: 'serial',
    title: 'Limit of Certificate Serial Number',
    value: (a) => plain(hexText(a.bytes('Serial')).replace(/(..)(?=.)/g, '$1 ')),
    when: (a) => isAuth(AuthType.signed)(a) && a.bytes('Serial').length > 0,
  },
  {
    key: 'radiusName',
    title: 'External Authentication Server Authentication User Name',
    value: (a) => plain(a.text('RadiusUsername')),
    when: isGiven('RadiusUsername', isAuth(AuthType.radius)),
  },
  {
    key: 'ntName',
    title: 'External Authentication Server Authentication User Name',
    value: (a) => plain(a.text('NtUsername')),
    when: isGiven('NtUsername', isAuth(AuthType.ntDomain)),
  },
];

const usageItems: readonly Item[] = [
  { key: 'createdAt', title: 'Created on', value: (a) => moment(a.timeMs('CreatedTime')) },
  { key: 'updatedAt', title: 'Updated on', value: (a) => moment(a.timeMs('UpdatedTime')) },
  ...trafficItems,
  { key: 'logins', title: 'Number of Logins', value: (a) => integer(a.integer('NumLogin')) },
];

/** One user: the account, a rule, its use; and the policy where there is one. */
export const userGet: Command = customCommand({
  name: 'UserGet',
  title: 'Get User Information',
  help: 'Shows one user: how they log in, until when, what they transferred, and their security policy.',
  parameters: [userName],
  needsHub: true,
  calls: ['GetUser'],
  run: async (context, args) => {
    const user = await loadUser(context, args.text('[name]'));
    const properties: (Property | undefined)[] = [
      ...toProperties(accountItems, user),
      undefined,
      ...toProperties(usageItems, user),
    ];
    const account = { kind: 'properties', properties } as const;
    const blocks: Block[] = [{ kind: 'table', table: account }];
    const json = tableToJson(account);
    if (!user.flag('UsePolicy') || !isJsonObject(json)) return { blocks };
    const policy = policyTable(user);
    blocks.push(
      { kind: 'text', lines: ['', 'Security Policy Set for this User'] },
      { kind: 'table', table: policy.table },
    );
    return { blocks, json: { ...json, policy: policy.json } };
  },
});
