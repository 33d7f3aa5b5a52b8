import type { Fields } from '../fields.ts';
import { cell, flag, integer, plain, rfc3339, type Cell } from '../output/cell.ts';
import { dayWithDay } from '../output/format.ts';
import { notEmpty, type Command } from './command.ts';
import { actionCommand, listCommand, propertiesCommand, type Item } from './kinds.ts';

/** "As many as you like", on this wire. */
const UNLIMITED = 0xffff_ffff;
const NO_EDITION = 0;

/** In the order of their numbers. */
const statuses = [
  ['Valid', 'valid'],
  ['Expired', 'expired'],
  ['Server ID Mismatch', 'otherServer'],
  ['Duplication', 'duplicate'],
  ['Other Licenses are Required', 'insufficient'],
  ['Competition with Other Licenses', 'competing'],
  ['Meaningless for Current Edition', 'meaningless'],
  ['CPU Type is Incompatible', 'otherCpu'],
] as const;

function status(row: Fields): Cell {
  const [text, json] = statuses[row.integer('Status')] ?? ['Unknown Error', 'unknown'];
  return cell(text, json);
}

const expiry = (ms: number): Cell => cell(ms === 0 ? 'No Expiration' : dayWithDay(ms), rfc3339(ms));

const big = (answer: Fields, name: string): Cell => cell(String(answer.count(name)), answer.count(name));

function limit(answer: Fields, name: string): Cell {
  const most = answer.integer(name);
  return most === UNLIMITED ? cell('Infinite', null) : integer(most);
}

function subscription(answer: Fields): Cell {
  if (!answer.flag('NeedSubscription'))
    return cell('No Need (This Edition requires no subscription keys)', 'notNeeded');
  const ms = answer.timeMs('SubscriptionExpires');
  if (ms === 0) return cell('No Keys (Adding a subscription key is required)', 'none');
  return answer.flag('IsSubscriptionExpired')
    ? cell(`Subscription is Expired [at ${dayWithDay(ms)}]`, 'expired')
    : cell(`Subscription is Active [Until ${dayWithDay(ms)}]`, 'active');
}

const isLicensed = (answer: Fields): boolean => answer.integer('EditionId') !== NO_EDITION;

const statusItems: readonly Item[] = [
  {
    key: 'caution',
    title: 'Caution: ',
    value: () =>
      plain(
        "Because there are no product licenses registered, this VPN Server's communication function doesn't operate.",
      ),
    when: (answer) => !isLicensed(answer),
  },
  ...[
    { key: 'edition', title: 'Product Edition', value: (a: Fields) => plain(a.text('EditionStr')) },
    {
      key: 'releasedAt',
      title: 'Release Date of VPN Server',
      value: (a: Fields) => cell(dayWithDay(a.timeMs('ReleaseDate')), rfc3339(a.timeMs('ReleaseDate'))),
      when: (a: Fields) => a.timeMs('ReleaseDate') !== 0,
    },
    { key: 'serverId', title: 'Current Server ID', value: (a: Fields) => big(a, 'SystemId') },
    {
      key: 'expiresAt',
      title: 'Expiration of Current Product License',
      value: (a: Fields) => expiry(a.timeMs('SystemExpires')),
    },
    { key: 'subscription', title: 'Status of Subscription Contract', value: subscription },
    {
      key: 'maxClients',
      title: 'Allowed Concurrent Clients',
      value: (a: Fields) => limit(a, 'NumClientConnectLicense'),
    },
    {
      key: 'maxBridges',
      title: 'Allowed Concurrent Bridges',
      value: (a: Fields) => limit(a, 'NumBridgeConnectLicense'),
    },
    {
      key: 'allowsClusters',
      title: 'Enterprise Functions Availability',
      value: (a: Fields) => flag(a.flag('AllowEnterpriseFunction'), 'Yes (Available)', 'No (Unavailable)'),
    },
  ].map((item: Item) => ({ ...item, when: (a: Fields) => isLicensed(a) && (item.when?.(a) ?? true) })),
];

export const licenceCommands: readonly Command[] = [
  actionCommand({
    name: 'LicenseAdd',
    title: 'Add License Key Registration',
    help:
      'Registers a licence; asked at the controller of a cluster. Only servers that were told of an issuer of licences ' +
      'need any.',
    parameters: [
      {
        name: '[key]',
        help: 'The line that the issuer gave, HF1.…; with @ and the name of a server behind it, for that server.',
        prompt: 'License Key: ',
        check: notEmpty,
      },
    ],
    call: 'AddLicenseKey',
    params: (args) => ({ IntValue_u32: 0, StrValue_str: args.text('[key]') }),
  }),
  actionCommand({
    name: 'LicenseDel',
    title: 'Delete Registered License',
    help: 'Takes a licence away. Sessions that are up go on.',
    parameters: [
      {
        name: '[id]',
        help: 'Its number, as LicenseList shows it.',
        prompt: 'License Number to Delete: ',
        check: notEmpty,
      },
    ],
    call: 'DelLicenseKey',
    params: (args) => ({ IntValue_u32: args.integer('[id]') }),
  }),
  listCommand({
    name: 'LicenseList',
    title: 'Get List of Registered Licenses',
    help: 'Lists the licences that are registered, each with the server that it is for.',
    call: 'EnumLicenseKey',
    group: 'LicenseKeyList',
    view: 'records',
    columns: [
      { key: 'number', title: 'Number', value: (row) => integer(row.integer('Id')) },
      // This server's licences are known by their ids; the keys, which are long, are not shown again.
      { key: 'server', title: 'License Key', value: (row) => plain(row.text('LicenseKey')) },
      { key: 'name', title: 'License Type Name', value: (row) => plain(row.text('LicenseName')) },
      { key: 'status', title: 'Status', value: status },
      { key: 'expiresAt', title: 'Expiration Date', value: (row) => expiry(row.timeMs('Expires')) },
      { key: 'id', title: 'License ID', value: (row) => plain(row.text('LicenseId')) },
      { key: 'typeId', title: 'License Type ID', value: (row) => integer(row.integer('ProductId')) },
      { key: 'serverId', title: 'Server ID', value: (row) => big(row, 'SystemId') },
      { key: 'serialId', title: 'Serial ID', value: (row) => integer(row.integer('SerialId')) },
    ],
  }),
  propertiesCommand({
    name: 'LicenseStatus',
    title: 'Get License Status of Current VPN Server',
    help: 'Shows the edition of the server, and how many sessions the licences allow at one time.',
    call: 'GetLicenseStatus',
    items: statusItems,
  }),
];
