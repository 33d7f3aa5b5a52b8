import { cell, flag, integer, moment, plain, type Cell } from '../output/cell.ts';
import { showTable, type Outcome } from '../commands/command.ts';
import type { Fields } from '../fields.ts';
import type { Column } from '../output/table.ts';
import { said, type Verb, type VerbContext } from './verb.ts';

const dash = (text: string): Cell => (text === '' ? cell('-', null) : plain(text));

const registrationColumns: readonly Column[] = [
  { key: 'account', title: 'Account' },
  { key: 'contact', title: 'Contact' },
  { key: 'expiresAt', title: 'Expires' },
  { key: 'transport', title: 'Transport' },
  { key: 'receivedFrom', title: 'From' },
  { key: 'member', title: 'Member' },
  { key: 'behindNat', title: 'NAT' },
  { key: 'priority', title: 'Priority', isRight: true },
  { key: 'userAgent', title: 'Program' },
  { key: 'instance', title: 'Instance' },
  { key: 'path', title: 'Path' },
];

const registrationCells = (row: Fields): Cell[] => [
  plain(row.text('Account')),
  plain(row.text('Contact')),
  moment(row.timeMs('ExpiresTime')),
  dash(row.text('Transport')),
  dash(row.text('ReceivedFrom')),
  dash(row.text('Member')),
  flag(row.flag('BehindNat')),
  cell((row.integer('Priority') / 1000).toString(), row.integer('Priority') / 1000),
  dash(row.text('UserAgent')),
  dash(row.text('Instance')),
  dash(row.text('Path')),
];

async function registrations({ api, options }: VerbContext, [account = '']: readonly string[]): Promise<Outcome> {
  const rows: Fields[] = [];
  for (let after = ''; ;) {
    const params = { Account_str: account, Domain_str: options.text('domain') ?? '', After_str: after };
    const page = (await api.call('HubfarmSipEnumRegistration', params)).rows('RegistrationList');
    rows.push(...page);
    after = page.at(-1)?.text('Account') ?? '';
    if (after === '' || account !== '') break;
  }
  return showTable({ kind: 'grid', columns: registrationColumns, rows: rows.map(registrationCells) });
}

async function status({ api }: VerbContext): Promise<Outcome> {
  const answer = await api.call('HubfarmSipGetStatus');
  const counts = [
    { key: 'domains', title: 'Domains', value: integer(answer.integer('NumDomains')) },
    { key: 'accounts', title: 'Accounts', value: integer(answer.integer('NumAccounts')) },
    { key: 'registered', title: 'Registered accounts', value: integer(answer.integer('NumRegisteredAccounts')) },
    { key: 'contacts', title: 'Contacts', value: integer(answer.integer('NumContacts')) },
  ];
  const listeners = answer.rows('ListenerList');
  const figures = answer.rows('FigureList');
  const blank = { kind: 'text', lines: [''] } as const;
  return {
    blocks: [
      { kind: 'table', table: { kind: 'properties', properties: counts } },
      blank,
      {
        kind: 'table',
        table: {
          kind: 'grid',
          columns: [
            { key: 'member', title: 'Member' },
            { key: 'transport', title: 'Transport' },
            { key: 'address', title: 'Address' },
            { key: 'port', title: 'Port', isRight: true },
            { key: 'state', title: 'State' },
          ],
          rows: listeners.map((row) => [
            plain(row.text('Member')),
            plain(row.text('Transport')),
            plain(row.text('Address')),
            integer(row.integer('Port')),
            plain(row.text('Error') === '' ? 'open' : row.text('Error')),
          ]),
        },
      },
      blank,
      {
        kind: 'table',
        table: {
          kind: 'grid',
          columns: [
            { key: 'member', title: 'Member' },
            { key: 'name', title: 'Count' },
            { key: 'value', title: 'Value', isRight: true },
          ],
          rows: figures.map((row) => [
            plain(row.text('Member')),
            plain(row.text('Name')),
            cell(String(row.count('Value')), row.count('Value')),
          ]),
        },
      },
    ],
    json: {
      ...Object.fromEntries(counts.map(({ key, value }) => [key, value.json])),
      listeners: listeners.map((row) => ({
        member: row.text('Member'),
        transport: row.text('Transport'),
        address: row.text('Address'),
        port: row.integer('Port'),
        error: row.text('Error') === '' ? null : row.text('Error'),
      })),
      figures: figures.map((row) => ({
        member: row.text('Member'),
        name: row.text('Name'),
        value: row.count('Value'),
      })),
    },
  };
}

async function bans({ api }: VerbContext): Promise<Outcome> {
  const rows = (await api.call('HubfarmSipEnumBan')).rows('BanList');
  return showTable({
    kind: 'grid',
    columns: [
      { key: 'member', title: 'Member' },
      { key: 'kind', title: 'Kind' },
      { key: 'address', title: 'Address' },
      { key: 'account', title: 'Account' },
      { key: 'since', title: 'Since' },
      { key: 'until', title: 'Until' },
    ],
    rows: rows.map((row) => [
      plain(row.text('Member')),
      plain(row.text('Kind')),
      dash(row.text('Address')),
      dash(row.text('Account')),
      moment(row.timeMs('SinceTime')),
      moment(row.timeMs('UntilTime')),
    ]),
  });
}

async function trace({ api, options }: VerbContext): Promise<Outcome> {
  if (options.isSet('start')) {
    const params = { Match_str: options.text('match') ?? '', Seconds_u32: Number(options.text('seconds') ?? 0) };
    const answer = await api.call('HubfarmSipStartTrace', params);
    const seconds = answer.integer('Seconds');
    return said(`looking for ${seconds} seconds; see what there was with: hubfarm sip trace`, { seconds });
  }
  const rows = (await api.call('HubfarmSipGetTrace')).rows('TraceList');
  const lines = rows.flatMap((row) => {
    const lost = row.integer('NumLost');
    const head = `${row.text('Member')}: ${row.integer('NumMessages')} messages${lost > 0 ? `, ${lost} more had no room` : ''}`;
    return [...(rows.length > 1 || lost > 0 ? [head, ''] : []), ...row.text('Ladders').split('\n')];
  });
  return said(lines.join('\n').trimEnd(), {
    members: rows.map((row) => ({ member: row.text('Member'), ladders: row.text('Ladders') })),
  });
}

export const sipVerbs: readonly Verb[] = [
  { noun: 'sip', verb: 'status', about: 'show what the SIP server listens on and has counted', run: status },
  {
    noun: 'sip',
    verb: 'registrations',
    about: 'list where SIP accounts are registered',
    words: ['[user@domain]'],
    options: [{ flags: '--domain <domain>', about: 'only accounts of this domain' }],
    screenColumns: ['account', 'contact', 'expiresAt', 'transport', 'receivedFrom', 'userAgent'],
    run: registrations,
  },
  {
    noun: 'sip',
    verb: 'unregister',
    about: 'end the registrations of a SIP account',
    words: ['<user@domain>'],
    options: [{ flags: '--contact <uri>', about: 'only the one with this Contact' }],
    run: async ({ api, options }, [account = '']) => {
      const params = { Account_str: account, Contact_str: options.text('contact') ?? '' };
      const contacts = (await api.call('HubfarmSipDeleteRegistration', params)).integer('NumContacts');
      return said(`${contacts} registrations of ${account} ended`, { account, contacts });
    },
  },
  {
    noun: 'sip',
    verb: 'trace',
    about: 'look at SIP messages as they go by, a ladder for each call',
    options: [
      { flags: '--start', about: 'begin to look; without it: show what there was' },
      { flags: '--match <text>', about: 'only calls with this in the head of a message, or in an address' },
      { flags: '--seconds <number>', about: 'how long, 60 if not given' },
    ],
    run: trace,
  },
  { noun: 'sip', verb: 'bans', about: 'list who is kept out after too many wrong SIP passwords', run: bans },
  {
    noun: 'sip',
    verb: 'unban',
    about: 'let an address or a SIP account try again',
    words: ['<address-or-account>'],
    run: async ({ api }, [target = '']) => {
      await api.call('HubfarmSipLiftBan', { Target_str: target });
      return said(`${target} may try again`, { target });
    },
  },
];
