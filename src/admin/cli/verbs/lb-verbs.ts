import type { Outcome } from '../commands/command.ts';
import { CliError, ExitCode, usageError } from '../exit-code.ts';
import { plain, type Cell } from '../output/cell.ts';
import { choice, describedCluster } from './lb-description.ts';
import { said, type Verb, type VerbContext, type VerbOption } from './verb.ts';

const clusterOptions: readonly VerbOption[] = [
  { flags: '--vip <address>', about: 'the virtual address, if the servers were not told' },
  { flags: '--mode <mode>', about: 'dsr, nat or normal, if not as the servers were told (sip.balancer)' },
  { flags: '--predictor <name>', about: 'round-robin (default), source or least-connections' },
  { flags: '--ready', about: 'only servers that take new work at this moment' },
  { flags: '--name <name>', about: 'of the cluster, in the configuration' },
  { flags: '--balancer-address <address/length>', about: "the balancer's own address and network" },
  { flags: '--balancer-mac <address>', about: "the balancer's MAC address (nftables with dsr)" },
  { flags: '--gateway <address>', about: 'default gateway of the balancer' },
  { flags: '--dns <address>', about: 'name server of the balancer' },
  { flags: '--interface <name>', about: 'of the balancer, towards clients' },
  { flags: '--inside-interface <name>', about: 'of the balancer, towards the servers, if it is another one' },
];

/** Configurations go to standard output, what is to be said of them to standard error. */
async function config(context: VerbContext): Promise<Outcome> {
  const { options, runtime, files } = context;
  const { devices, generate, hostInstructions, hostSystems } = await import('../../balancer/front-door.ts');
  const deviceName = options.text('for');
  const system = choice(options, 'host', hostSystems);
  const names = devices.map(({ name }) => name);
  const device = devices.find(({ name }) => name === deviceName);
  if (deviceName !== undefined && device === undefined) {
    throw usageError(`--for takes one of ${names.join(', ')}, not "${deviceName}"`);
  }
  if (device === undefined && system === undefined) {
    throw usageError(`which balancer? --for ${names.join('|')}; for the servers: --host ${hostSystems.join('|')}`);
  }
  const cluster = await describedCluster(context);
  const { problems, files: generated } = device === undefined ? { problems: [], files: [] } : generate(device, cluster);
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ text }) => text);
  if (errors.length > 0) {
    throw new CliError('NO_CONFIGURATION', ExitCode.refused, `no configuration:\n  ${errors.join('\n  ')}`);
  }
  const warnings = problems.map(({ text }) => text);
  for (const text of warnings) runtime.terminal.writeError(`hubfarm: ${text}\n`);
  const host = system === undefined ? [] : [{ name: `${system}.txt`, text: hostInstructions(cluster, system) }];
  const all = [...generated, ...host];
  const folder = options.text('out');
  const json = { files: all.map(({ name, text }) => ({ name, text })), warnings };
  if (folder !== undefined) {
    for (const { name, text } of all) await files.write(`${folder}/${name}`, text);
    return { ...said(`written: ${all.map(({ name }) => `${folder}/${name}`).join(', ')}`, json), json };
  }
  const texts = all.map(({ name, text }, at) => (at === 0 ? text.trimEnd() : `\n# ---- ${name}\n${text.trimEnd()}`));
  return { blocks: [{ kind: 'text', lines: texts.flatMap((text) => text.split('\n')) }], json };
}

async function describe(context: VerbContext): Promise<Outcome> {
  const { writeDescription, checkDescription } = await import('../../balancer/front-door.ts');
  const cluster = await describedCluster(context);
  for (const { text } of checkDescription(cluster)) context.runtime.terminal.writeError(`hubfarm: ${text}\n`);
  const text = writeDescription(cluster).trimEnd();
  return said(text, { description: text });
}

const verdicts: Readonly<Record<string, string>> = { ok: 'ok', lacks: 'LACKS', unknown: 'look' };
const columns = [
  { key: 'member', title: 'Server' },
  { key: 'verdict', title: '' },
  { key: 'what', title: 'What' },
  { key: 'text', title: 'Finding' },
];

async function check({ api, options }: VerbContext): Promise<Outcome> {
  const params = {
    VirtualAddress_str: options.text('vip') ?? '',
    BalancerAddress_str: (options.text('balancerAddress') ?? '').split('/', 1)[0] ?? '',
  };
  const rows = (await api.call('HubfarmCheckFrontend', params)).rows('FindingList');
  if (rows.length === 0) {
    const advice = 'hubfarm farm set --virtual-addresses ADDRESS --balancer dsr; or look at one with --vip ADDRESS';
    throw new CliError('NO_VIRTUAL_ADDRESS', ExitCode.refused, `no server has been told a virtual address: ${advice}`);
  }
  const findings = rows.map((row) => ({
    member: row.text('Member'),
    virtualAddress: row.text('VirtualAddress'),
    what: row.text('What'),
    verdict: row.text('Verdict'),
    text: row.text('Text'),
    command: row.text('Command'),
  }));
  const cells = findings.map(({ member, verdict, what, text }): Cell[] => [
    plain(member),
    { text: verdicts[verdict] ?? verdict, json: verdict },
    plain(what),
    plain(text),
  ]);
  const todo = findings.filter(({ command, verdict }) => command !== '' && verdict !== 'ok');
  const lacking = findings.filter(({ verdict }) => verdict === 'lacks').length;
  const end =
    lacking === 0 ? 'Nothing is lacking.' : `${lacking} ${lacking === 1 ? 'thing is' : 'things are'} lacking.`;
  return {
    blocks: [
      { kind: 'table', table: { kind: 'grid', columns, rows: cells } },
      { kind: 'text', lines: ['', ...todo.map(({ member, what, command }) => `${member}: ${what}: ${command}`), end] },
    ],
    json: { findings, lacking },
    ...(lacking === 0 ? {} : { exitCode: ExitCode.refused }),
  };
}

const isFromFile: Verb['isLocal'] = (options) => options.text('from') !== undefined;

export const lbVerbs: readonly Verb[] = [
  {
    noun: 'lb',
    verb: 'config',
    about: 'print the configuration of a load balancer in front of the cluster',
    options: [
      { flags: '--for <balancer>', about: 'serveriron, alteon, bigip, nftables, keepalived, haproxy or nginx' },
      { flags: '--host <system>', about: 'what to do on each server: linux, solaris or freebsd' },
      { flags: '--from <file>', about: 'the cluster as this file describes it; see "hubfarm lb describe"' },
      { flags: '--only <protocol>', about: 'udp or tcp: the other one has a balancer of its own' },
      { flags: '--out <folder>', about: 'write the files there' },
      ...clusterOptions,
    ],
    isLocal: isFromFile,
    run: config,
  },
  {
    noun: 'lb',
    verb: 'describe',
    about: 'print the cluster as its load balancer sees it, to be completed',
    options: clusterOptions,
    run: describe,
  },
  {
    noun: 'lb',
    verb: 'check',
    about: 'say what each server still lacks for DSR, or behind address translation',
    options: [
      { flags: '--vip <address>', about: 'the virtual address, if the servers were not told' },
      { flags: '--balancer-address <address>', about: "the balancer's own address: is it in the same segment?" },
    ],
    run: check,
  },
];
