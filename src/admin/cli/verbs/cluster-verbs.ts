import { cell, flag, integer, moment, plain, type Cell } from '../output/cell.ts';
import type { Column } from '../output/table.ts';
import { showTable, type Outcome } from '../commands/command.ts';
import { hostAndPortText, parseHostAndPort } from '../endpoint.ts';
import { usageError } from '../exit-code.ts';
import type { Fields } from '../fields.ts';
import type { JsonObject } from '../json-document.ts';
import { controllerPassword } from './cluster-password.ts';
import { followTask } from './cluster-task.ts';
import { said, type OptionValues, type Verb, type VerbContext, type VerbOption } from './verb.ts';

const nameOptions: readonly VerbOption[] = [
  { flags: '--name <name>', about: 'name of this server in the cluster (default: its own)' },
  { flags: '--public-address <ipv4>', about: 'where clients are sent (default: where the others see it)' },
  {
    flags: '--public-port <ports>',
    about: 'ports that clients are sent to, with commas (default: those it listens on)',
  },
  { flags: '--weight <n>', about: 'share of the sessions; 100 is normal' },
  { flags: '--controller-only', about: 'takes no sessions while it is the controller' },
];

function nameParams(options: OptionValues): JsonObject {
  return {
    ServerName_str: options.text('name') ?? '',
    PublicAddress_str: options.text('publicAddress') ?? '',
    PublicPorts_u32: portsOf(options.text('publicPort')),
    Weight_u32: weightOf(options.text('weight')),
    ControllerOnly_bool: options.isSet('controllerOnly'),
  };
}

function portsOf(text: string | undefined): number[] {
  if (text === undefined) return [];
  return text.split(',').map((word) => {
    const port = /^\s*\d{1,5}\s*$/.test(word) ? Number(word) : 0;
    if (port < 1 || port > 65_535) throw usageError(`"${word.trim()}" is no port: give for example 443,992`);
    return port;
  });
}

function weightOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const weight = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (weight < 1 || weight > 1_000_000)
    throw usageError(`"${text}" is no weight: 100 is normal, 1 to 1000000 are possible`);
  return weight;
}

const told = (line: string, task: Fields): Outcome => {
  const backup = task.text('Backup');
  const more = backup === '' ? [] : [`The configuration as it was is in ${backup} on the server.`];
  return { blocks: [{ kind: 'text', lines: [line, ...more] }], json: { done: true, backup } };
};

async function init(context: VerbContext): Promise<Outcome> {
  const task = await followTask(context, 'HubfarmInitCluster', nameParams(context.options));
  return told('this server is the controller of a new cluster; on others run "hubfarm cluster join HOST[:PORT]"', task);
}

async function join(context: VerbContext, [controller = '']: readonly string[]): Promise<Outcome> {
  const { host, port } = parseHostAndPort(controller);
  const names = nameParams(context.options);
  const hashed = await controllerPassword(context, hostAndPortText({ host, port }));
  const task = await followTask(context, 'HubfarmJoinCluster', {
    Host_str: host,
    Port_u32: port,
    HashedPassword_bin: hashed.toString('base64'),
    UncheckedAddress_bool: context.options.isSet('uncheckedAddress'),
    ...names,
  });
  return told(`this server is a member of the cluster of ${hostAndPortText({ host, port })}`, task);
}

async function leave(context: VerbContext): Promise<Outcome> {
  const task = await followTask(context, 'HubfarmLeaveCluster', { Force_bool: context.options.isSet('force') });
  return told('this server stands alone', task);
}

const columns: readonly Column[] = [
  { key: 'server', title: 'Server' },
  { key: 'state', title: 'State' },
  { key: 'role', title: 'Role' },
  { key: 'engine', title: 'Engine' },
  { key: 'publicAddress', title: 'Public Address' },
  { key: 'publicPorts', title: 'Public Ports' },
  { key: 'members', title: 'Members', isRight: true },
  { key: 'sessions', title: 'Sessions', isRight: true },
  { key: 'calls', title: 'Relayed Calls', isRight: true },
  { key: 'points', title: 'Point', isRight: true },
  { key: 'version', title: 'Version' },
  { key: 'certificateEnd', title: 'Certificate until' },
  { key: 'cause', title: 'Problem' },
];

function roleOf(row: Fields): string {
  if (row.flag('IsController')) return 'controller';
  return row.flag('IsEligible') ? 'candidate' : 'member';
}

/** Hubs and users are changed there. */
const leaderOf = (servers: readonly Fields[]): string =>
  servers.find((row) => row.flag('IsController'))?.text('ServerName') ?? 'none at the moment';

/** Empty unless this server goes by what it saw before the engine went away. */
const seenAt = (ms: number): Cell =>
  ms === 0 ? plain('') : plain(`${new Date(ms).toISOString()}: the engine is away, nothing can be changed`);

async function status({ api }: VerbContext): Promise<Outcome> {
  const answer = await api.call('HubfarmGetClusterStatus');
  const mode = answer.text('Mode');
  const servers = answer.rows('Servers');
  const itself = servers.find((row) => row.text('ServerName') === answer.text('ServerName'));
  const properties = [
    // Who made the cluster need not lead it now.
    { key: 'mode', title: 'Mode', value: plain(itself === undefined ? mode : roleOf(itself)) },
    { key: 'clusterId', title: 'Cluster', value: plain(answer.text('ClusterId')) },
    { key: 'serverName', title: 'This Server', value: plain(answer.text('ServerName')) },
    { key: 'leader', title: 'Controller', value: plain(leaderOf(servers)) },
    { key: 'controller', title: 'Joined at', value: plain(answer.text('Controller')) },
    { key: 'online', title: 'Online', value: flag(answer.flag('Online')) },
    { key: 'cause', title: 'Problem', value: plain(answer.text('Cause')) },
    { key: 'engineRole', title: 'Engine', value: plain(answer.text('EngineRole')) },
    { key: 'engineRisk', title: 'Warning', value: plain(answer.text('EngineRisk')) },
    { key: 'configurationSeen', title: 'Configuration Seen', value: seenAt(answer.timeMs('ConfigurationSeenTime')) },
  ].filter(({ key, value }) => (mode !== 'stand-alone' ? value.text !== '' : key === 'mode'));
  const own = showTable({ kind: 'properties', properties });
  if (mode === 'stand-alone') return own;
  const rows = servers.map((row) => [
    plain(row.text('ServerName')),
    plain(row.text('State')),
    cell(roleOf(row), roleOf(row)),
    plain(row.text('EngineRole')),
    plain(row.text('PublicAddress')),
    plain(row.text('PublicPorts')),
    integer(row.integer('NumMembers')),
    integer(row.integer('NumSessions')),
    integer(row.integer('NumMediaCalls')),
    integer(row.integer('Point')),
    plain(row.text('Version')),
    moment(row.timeMs('CertificateEndTime')),
    plain(row.text('Cause')),
  ]);
  return {
    blocks: [...own.blocks, { kind: 'text', lines: [''] }, { kind: 'table', table: { kind: 'grid', columns, rows } }],
    json: {
      mode,
      clusterId: answer.text('ClusterId'),
      serverName: answer.text('ServerName'),
      online: answer.flag('Online'),
      problem: answer.text('Cause'),
      warning: answer.text('EngineRisk'),
      servers: servers.map((row) => ({
        server: row.text('ServerName'),
        state: row.text('State'),
        role: roleOf(row),
        engine: row.text('EngineRole'),
        publicAddress: row.text('PublicAddress'),
        publicPorts: row.text('PublicPorts'),
        members: row.integer('NumMembers'),
        sessions: row.integer('NumSessions'),
        calls: row.integer('NumMediaCalls'),
        points: row.integer('Point'),
        version: row.text('Version'),
        problem: row.text('Cause'),
      })),
    },
  };
}

/** The server that is named, or the one that is talked to. */
async function namedServer({ api }: VerbContext, name: string | undefined): Promise<string> {
  if (name !== undefined) return name;
  const own = (await api.call('HubfarmGetClusterStatus')).text('ServerName');
  if (own === '') throw usageError('this server is in no cluster');
  return own;
}

export const clusterVerbs: readonly Verb[] = [
  {
    noun: 'cluster',
    verb: 'init',
    about: 'make this server the first of a cluster, and its controller',
    options: nameOptions,
    run: init,
  },
  {
    noun: 'cluster',
    verb: 'join',
    about: "make this server a member of the controller's cluster",
    words: ['<controller>'],
    options: [
      {
        flags: '--password-file <file>',
        about: "read the controller's password from a file (or set HUBFARM_CLUSTER_PASSWORD)",
      },
      { flags: '--unchecked-address', about: 'do not let the controller try to reach the public ports' },
      ...nameOptions,
    ],
    hasPassword: true,
    run: join,
  },
  { noun: 'cluster', verb: 'status', about: 'show the cluster, and every server of it', run: status },
  {
    noun: 'cluster',
    verb: 'leave',
    about: 'make this server stand alone again',
    options: [{ flags: '--force', about: 'also where the controller cannot be told' }],
    run: leave,
  },
  {
    noun: 'cluster',
    verb: 'drain',
    about: 'place nothing new on a server, so that it can be stopped',
    words: ['[server]'],
    options: [{ flags: '--undo', about: 'place sessions there again' }],
    run: async (context, [name]) => {
      const server = await namedServer(context, name);
      const isDraining = !context.options.isSet('undo');
      await followTask(context, 'HubfarmDrainClusterServer', { ServerName_str: server, Draining_bool: isDraining });
      const line = isDraining ? `nothing new is placed on ${server}` : `sessions are placed on ${server} again`;
      return said(line, { server, draining: isDraining });
    },
  },
  {
    noun: 'cluster',
    verb: 'remove',
    about: 'take a server out of the cluster that is gone for good',
    words: ['<server>'],
    run: async (context, [server = '']) => {
      await followTask(context, 'HubfarmRemoveClusterServer', { ServerName_str: server });
      return said(`${server} belongs to the cluster no more`, { server });
    },
  },
  {
    noun: 'cluster',
    verb: 'promote',
    about: 'let a server become the controller when this one is gone',
    words: ['<server>'],
    run: async (context, [server = '']) => {
      await followTask(context, 'HubfarmPromoteClusterServer', { ServerName_str: server });
      const text = `${server} may be the controller from now on; it starts its services again, so its sessions log in anew`;
      return said(text, { server });
    },
  },
];
