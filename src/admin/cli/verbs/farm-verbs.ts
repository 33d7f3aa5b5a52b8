import type { Outcome } from '../commands/command.ts';
import type { Fields } from '../fields.ts';
import type { JsonObject } from '../json-document.ts';
import { cell, plain, type Cell } from '../output/cell.ts';
import { said, type OptionValues, type Verb, type VerbContext } from './verb.ts';

const dash = (text: string): Cell => (text === '' ? cell('-', null) : plain(text));

/** `auto (member)`: as it was set, and what that means. */
function setting(row: Fields, name: string): Cell {
  const set = row.text(name);
  const resolved = row.text(`${name}Resolved`);
  return cell(set === resolved ? set : `${set} (${resolved})`, { set, resolved });
}

function stateOf(row: Fields): string {
  if (row.flag('InFarm')) return 'in the farm';
  if (!row.flag('Self') && !row.flag('Reachable')) return 'not reached';
  if (row.flag('Draining')) return 'draining';
  return row.flag('Ready') ? 'ready' : 'not ready';
}

const columns = [
  { key: 'member', title: 'Member' },
  { key: 'role', title: 'Role' },
  { key: 'state', title: 'State' },
  { key: 'farm', title: 'SIP Farm' },
  { key: 'signals', title: 'Signals' },
  { key: 'callLegs', title: 'Call Legs' },
  { key: 'virtualAddresses', title: 'Virtual' },
  { key: 'wanAddress', title: 'WAN' },
  { key: 'balancer', title: 'Balancer' },
  { key: 'relayAddress', title: 'Relay' },
];

/** Virtual addresses that are not here are marked. */
function virtualText(row: Fields): string {
  const bound = row.text('BoundAddresses').split(',');
  const isNeeded = row.text('Balancer') === 'dsr';
  const addresses = row.text('VirtualAddresses').split(',');
  return addresses.map((one) => (isNeeded && one !== '' && !bound.includes(one) ? `${one} (missing)` : one)).join(',');
}

async function status({ api }: VerbContext): Promise<Outcome> {
  const answer = await api.call('HubfarmSipGetFarm');
  const members = answer.rows('MemberList');
  const settings = answer.rows('SettingList');
  const problems = members.flatMap((row) =>
    row.text('Problem') === '' ? [] : [{ member: row.text('Member'), code: 'not-ready', text: row.text('Problem') }],
  );
  const warnings = answer
    .rows('WarningList')
    .map((row) => ({ member: row.text('Member'), code: row.text('Code'), text: row.text('Text') }));
  const rows = members.map((row) => [
    plain(row.text('Member')),
    plain(row.text('Role')),
    plain(stateOf(row)),
    ...['Farm', 'Signals', 'CallLegs'].map((name) => setting(row, name)),
    dash(virtualText(row)),
    dash(row.text('WanAddress')),
    plain(row.text('Balancer')),
    dash(row.text('RelayAddress')),
  ]);
  const blank = { kind: 'text', lines: [''] } as const;
  return {
    blocks: [
      { kind: 'table', table: { kind: 'grid', columns, rows } },
      blank,
      {
        kind: 'table',
        table: {
          kind: 'grid',
          columns: [
            { key: 'name', title: 'Setting of this server' },
            { key: 'value', title: 'Value' },
            { key: 'source', title: 'From' },
          ],
          rows: settings.map((row) => [plain(row.text('Name')), dash(row.text('Value')), plain(row.text('Source'))]),
        },
      },
      ...byText([...problems, ...warnings]).flatMap((line) => [blank, { kind: 'text', lines: [line] } as const]),
    ],
    json: {
      members: members.map((row) => ({
        member: row.text('Member'),
        isSelf: row.flag('Self'),
        role: row.text('Role'),
        state: stateOf(row),
        isInFarm: row.flag('InFarm'),
        isReady: row.flag('Ready'),
        isReachable: row.flag('Reachable'),
        isDraining: row.flag('Draining'),
        token: row.text('Token'),
        farm: { set: row.text('Farm'), resolved: row.text('FarmResolved') },
        signals: { set: row.text('Signals'), resolved: row.text('SignalsResolved') },
        callLegs: { set: row.text('CallLegs'), resolved: row.text('CallLegsResolved') },
        problem: row.text('Problem'),
        relayAddress: row.text('RelayAddress'),
        balancer: row.text('Balancer'),
        virtualAddresses: listOf(row.text('VirtualAddresses')),
        boundAddresses: listOf(row.text('BoundAddresses')),
        wanAddress: row.text('WanAddress'),
        weight: row.integer('Weight'),
      })),
      settings: settings.map((row) => ({
        name: row.text('Name'),
        value: row.text('Value'),
        source: row.text('Source'),
      })),
      warnings,
    },
  };
}

/** What several members say is said once. */
function byText(said: readonly { readonly member: string; readonly text: string }[]): string[] {
  const members = new Map<string, string[]>();
  for (const { member, text } of said) members.set(text, [...(members.get(text) ?? []), member]);
  return [...members].map(([text, names]) => `${names.join(', ')}: ${text}`);
}

const listOf = (text: string): string[] => (text === '' ? [] : text.split(','));

/** Commander's name of the option, and the field. */
const given = [
  ['farm', 'Farm_str'],
  ['signals', 'Signals_str'],
  ['callLegs', 'CallLegs_str'],
  ['virtualAddresses', 'VirtualAddresses_str'],
  ['balancer', 'Balancer_str'],
  ['wanAddress', 'WanAddress_str'],
  ['lanNetworks', 'LanNetworks_str'],
] as const;

function params(options: OptionValues): JsonObject {
  const fields: [string, string][] = given.flatMap(([name, field]) => {
    const value = options.text(name);
    return value === undefined ? [] : [[field, value] as [string, string]];
  });
  const unset = listOf(options.text('unset') ?? '').map((word) =>
    word.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
  );
  return {
    Server_str: options.text('member') ?? '',
    Cluster_bool: options.isSet('cluster'),
    Unset_str: unset,
    ...Object.fromEntries(fields),
  };
}

async function set({ api, options }: VerbContext): Promise<Outcome> {
  const answer = await api.call('HubfarmSipSetFarm', params(options));
  const whose = options.isSet('cluster') ? 'the cluster' : answer.text('Server') || 'this server';
  const now = answer.text('Set');
  return said(`set for ${whose}: ${now === '{}' ? 'nothing' : now}`, { server: answer.text('Server'), set: now });
}

async function refresh({ api }: VerbContext): Promise<Outcome> {
  const rows = (await api.call('HubfarmSipRefreshFarm')).rows('MemberList');
  const lines = rows.map((row) => {
    const bound = row.text('BoundAddresses');
    const state = row.flag('Ready') ? 'ready' : `not ready: ${row.text('Problem')}`;
    return `${row.text('Member')}: ${state}${bound === '' ? '' : `; virtual addresses here: ${bound}`}`;
  });
  return said(lines.join('\n'), {
    members: rows.map((row) => ({
      member: row.text('Member'),
      isReady: row.flag('Ready'),
      boundAddresses: listOf(row.text('BoundAddresses')),
      problem: row.text('Problem'),
    })),
  });
}

export const farmVerbs: readonly Verb[] = [
  {
    noun: 'farm',
    verb: 'status',
    about: 'show who is in the SIP Farm, how each is set up, and what that means',
    screenColumns: [
      'member',
      'role',
      'state',
      'farm',
      'signals',
      'callLegs',
      'virtualAddresses',
      'balancer',
      'name',
      'value',
      'source',
    ],
    run: status,
  },
  {
    noun: 'farm',
    verb: 'set',
    about: 'set the part of a server in the SIP Farm, or what counts for the whole cluster',
    options: [
      { flags: '--member <server>', about: 'of this server (default: the one that is asked)' },
      { flags: '--cluster', about: 'for all servers: addresses, networks and balancer only' },
      { flags: '--farm <mode>', about: 'auto, member, disabled or relay' },
      { flags: '--signals <where>', about: 'auto, locally, locally-for-others or remotely' },
      { flags: '--call-legs <where>', about: 'as --signals' },
      { flags: '--virtual-addresses <list>', about: 'addresses of the load balancer, with commas; "" = none' },
      { flags: '--balancer <kind>', about: 'none, nat or dsr' },
      { flags: '--wan-address <address>', about: 'what the world outside is told; "" = none' },
      { flags: '--lan-networks <list>', about: 'networks that know the own addresses, with commas; "" = none' },
      { flags: '--unset <names>', about: 'settings that are not set there any more, with commas' },
    ],
    run: set,
  },
  {
    noun: 'farm',
    verb: 'refresh',
    about: 'look at once for addresses that have come or gone, on every member',
    run: refresh,
  },
];
