import { parseIpAddress, sha0 } from '#base';
import { RefusedError, usageError } from '../exit-code.ts';
import type { JsonObject } from '../json-document.ts';
import {
  nothingToShow,
  parseInteger,
  showText,
  type Arguments,
  type Command,
  type CommandContext,
  type Outcome,
  type Parameter,
} from './command.ts';
import { customCommand } from './kinds.ts';
import { ServerType } from './words.ts';

const calls = ['GetFarmSetting', 'HubfarmPlanFarmSetting', 'SetFarmSetting'];
const DEFAULT_WEIGHT = 100;

const weightParameter: Parameter = {
  name: 'WEIGHT',
  help: 'Share of the work of the cluster that this server takes; 100 = as much as any other.',
};

/** 0 lets the server choose, as in vpncmd. */
const weightOf = (args: Arguments, before: number): number =>
  args.has('WEIGHT') ? args.integer('WEIGHT') : before || DEFAULT_WEIGHT;

/** Says what becomes of the server's configuration, where the server can tell, and where a copy of it is. */
async function change(context: CommandContext, settings: JsonObject): Promise<Outcome> {
  const effects = await effectsOf(context, settings['ServerType_u32'] ?? 0);
  const answer = await context.api.call('SetFarmSetting', settings);
  const backup = answer.text('HubfarmBackup');
  if (backup === '') return nothingToShow;
  const lines = [
    ...effects.map((effect) => `- ${effect}`),
    `The configuration as it was is kept on the server in ${backup}.`,
    'The server begins to change in a second; this connection will end.',
  ];
  return showText(lines, { effects: [...effects], backup });
}

async function effectsOf({ api }: CommandContext, serverType: unknown): Promise<readonly string[]> {
  try {
    const plan = await api.call('HubfarmPlanFarmSetting', { ServerType_u32: Number(serverType) });
    const effects = plan.object['Effects_str'];
    return Array.isArray(effects) ? effects.filter((effect) => typeof effect === 'string') : [];
  } catch (error) {
    // Another SoftEther server does not know the question.
    if (error instanceof RefusedError) return [];
    throw error;
  }
}

/** `host:port`. */
function controllerOf(text: string): { host: string; port: number } {
  const parts = /^\[?(?<host>[^\]]+?)\]?:(?<port>\d+)$/.exec(text)?.groups;
  const port = parseInteger(parts?.['port'] ?? '');
  const host = parts?.['host'] ?? '';
  if (host === '' || port < 1 || port > 65_535) throw usageError(`"${text}" is not a host and a port (host:port)`);
  return { host, port };
}

function portsOf(text: string): number[] {
  const ports = text.split(/[\s,]+/).filter((word) => word !== '');
  const bad = ports.find((port) => !/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535);
  if (bad !== undefined) throw usageError(`"${bad}" is not a TCP port`);
  if (ports.length === 0) throw usageError('at least one public port is needed');
  return ports.map(Number);
}

function addressOf(text: string): string {
  if (text === '' || text.toLowerCase() === 'none') return '0.0.0.0';
  if (parseIpAddress(text) === undefined || text.includes(':')) throw usageError(`"${text}" is not an IPv4 address`);
  return text;
}

export const clusterSettingCommands: readonly Command[] = [
  customCommand({
    name: 'ClusterSettingStandalone',
    title: 'Set VPN Server Type as Standalone',
    help: 'Takes the server out of its cluster. All its connections end.',
    calls: calls.slice(1),
    run: (context) => change(context, { ServerType_u32: ServerType.standalone }),
  }),
  customCommand({
    name: 'ClusterSettingController',
    title: 'Set VPN Server Type as Cluster Controller',
    help: 'Makes the server the controller of a cluster. All its connections end.',
    parameters: [weightParameter, { name: 'ONLY', help: 'yes: the controller takes no VPN session itself.' }],
    calls,
    run: async (context, args) => {
      const before = await context.api.call('GetFarmSetting');
      return change(context, {
        ServerType_u32: ServerType.controller,
        Weight_u32: weightOf(args, before.integer('Weight')),
        ControllerOnly_bool: args.isYes('ONLY'),
      });
    },
  }),
  customCommand({
    name: 'ClusterSettingMember',
    title: 'Set VPN Server Type as Cluster Member',
    help: 'Makes the server a member of a cluster. All its connections end.',
    parameters: [
      {
        name: '[server:port]',
        help: 'Host and port of the controller.',
        prompt: 'Destination Server Host Name and Port Number: ',
      },
      { name: 'IP', help: 'IPv4 address that clients are sent to; none = that of the connection to the controller.' },
      {
        name: 'PORTS',
        help: 'Ports that clients are sent to, separated by commas.',
        prompt: 'Public Port Numbers (separated by commas): ',
      },
      { name: 'PASSWORD', help: "The controller's administration password.", prompt: 'Password: ', isSecret: true },
      weightParameter,
    ],
    calls,
    run: async (context, args) => {
      const controller = controllerOf(args.text('[server:port]'));
      const settings = {
        PublicIp_ip: addressOf(args.text('IP')),
        Ports_u32: portsOf(args.text('PORTS')),
        ControllerName_str: controller.host,
        ControllerPort_u32: controller.port,
        MemberPassword_bin: sha0(args.text('PASSWORD')).toString('base64'),
      };
      const before = await context.api.call('GetFarmSetting');
      return change(context, {
        ServerType_u32: ServerType.member,
        ...settings,
        Weight_u32: weightOf(args, before.integer('Weight')),
      });
    },
  }),
];
