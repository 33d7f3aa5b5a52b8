import type { Outcome } from '../commands/command.ts';
import type { Fields } from '../fields.ts';
import { cell, integer, plain, type Cell } from '../output/cell.ts';
import type { Verb, VerbContext } from './verb.ts';

const dash = (text: string): Cell => (text === '' ? cell('-', null) : plain(text));
const blank = { kind: 'text', lines: [''] } as const;

const counts = [
  ['Calls', 'Calls'],
  ['Streams', 'Streams'],
  ['KernelStreams', 'In kernel'],
  ['Packets', 'Packets'],
  ['DroppedPackets', 'Dropped'],
  ['Full', 'Not relayed'],
  ['Silent', 'Silent'],
  ['WithoutPackets', 'Empty'],
] as const;

const keyOf = (name: string): string => name[0]!.toLowerCase() + name.slice(1);

const small: ReadonlySet<string> = new Set(['Calls', 'Streams', 'KernelStreams']);

/** What is counted since the start may be more than 32 bits. */
const valueOf = (row: Fields, name: string): number => (small.has(name) ? row.integer(name) : Number(row.count(name)));

async function status({ api }: VerbContext): Promise<Outcome> {
  const answer = await api.call('HubfarmMediaGetStatus');
  const members = answer.rows('MemberList');
  const reasons = answer.rows('ReasonList');
  const columns = [
    { key: 'member', title: 'Member' },
    { key: 'ports', title: 'Ports' },
    { key: 'pairs', title: 'Pairs taken' },
    { key: 'wanAddress', title: 'WAN' },
    ...counts.map(([name, title]) => ({ key: keyOf(name), title, isRight: true })),
  ];
  const rows = members.map((row) => [
    plain(row.text('Member')),
    plain(row.text('Ports')),
    plain(`${row.integer('PairsTaken')} of ${row.integer('PairsTotal')}`),
    dash(row.text('WanAddress')),
    ...counts.map(([name]) => integer(valueOf(row, name))),
  ]);
  return {
    blocks: [
      { kind: 'table', table: { kind: 'grid', columns, rows } },
      blank,
      { kind: 'text', lines: members.map((row) => `${row.text('Member')}: packets by ${row.text('Means')}`) },
    ],
    json: {
      members: members.map((row) => ({
        member: row.text('Member'),
        means: row.text('Means'),
        ports: row.text('Ports'),
        pairsTaken: row.integer('PairsTaken'),
        pairsTotal: row.integer('PairsTotal'),
        wanAddress: row.text('WanAddress'),
        ...Object.fromEntries(
          [...counts.map(([name]) => name), 'Octets', 'Failed'].map((name) => [keyOf(name), valueOf(row, name)]),
        ),
      })),
      reasons: reasons.map((row) => ({
        member: row.text('Member'),
        reason: row.text('Reason'),
        calls: valueOf(row, 'NumCalls'),
      })),
    },
  };
}

async function check({ api }: VerbContext): Promise<Outcome> {
  const answer = await api.call('HubfarmMediaCheck');
  const members = answer.rows('MemberList');
  const findings = answer.rows('FindingList').map((row) => ({ level: row.text('Level'), text: row.text('Text') }));
  const forwardings = answer.rows('ForwardingList');
  const method = answer.text('Method');
  const rows = members.map((row) => [
    plain(row.text('Member')),
    plain(row.text('Ports')),
    dash(row.text('WanAddress') === '' ? row.text('ClusterWanAddress') : row.text('WanAddress')),
    dash(forwardings.find((one) => one.text('Member') === row.text('Member'))?.text('Ports') ?? ''),
  ]);
  const columns = [
    { key: 'member', title: 'Member' },
    { key: 'ports', title: 'Ports' },
    { key: 'wanAddress', title: 'WAN' },
    { key: 'forwarded', title: 'To be passed on to it' },
  ];
  const said = findings.length === 0 ? ['Nothing is wrong.'] : findings.map(({ level, text }) => `${level}: ${text}`);
  return {
    blocks: [
      { kind: 'table', table: { kind: 'grid', columns, rows } },
      blank,
      { kind: 'text', lines: [`Method: ${method}; ${answer.integer('NumStreams')} streams fit.`, ...said] },
    ],
    json: {
      method,
      streams: answer.integer('NumStreams'),
      findings,
      members: members.map((row) => ({
        member: row.text('Member'),
        machine: row.text('Machine'),
        ports: row.text('Ports'),
        wanAddress: row.text('WanAddress'),
        clusterWanAddress: row.text('ClusterWanAddress'),
      })),
      forwardings: forwardings.map((row) => ({ member: row.text('Member'), ports: row.text('Ports') })),
    },
  };
}

export const mediaVerbs: readonly Verb[] = [
  {
    noun: 'media',
    verb: 'status',
    about: 'show how media are relayed, and what was counted',
    run: status,
  },
  {
    noun: 'media',
    verb: 'check',
    about: 'look whether media reach the members from outside',
    run: check,
  },
];
