import type {
  BalancedCluster,
  Balancer,
  DescribeOptions,
  ListenerFacts,
  MemberFacts,
} from '../../balancer/front-door.ts';
import { CliError, ExitCode, usageError } from '../exit-code.ts';
import type { Fields } from '../fields.ts';
import type { OptionValues, VerbContext } from './verb.ts';

const maxFileBytes = 1024 * 1024;
const modes = ['normal', 'dsr', 'nat'] as const;
const predictors = ['round-robin', 'source', 'least-connections'] as const;

/** The cluster as somebody has written it down (`--from`), or as it stands. */
export async function describedCluster(context: VerbContext): Promise<BalancedCluster> {
  const { options, files } = context;
  const path = options.text('from');
  const cluster =
    path === undefined ? await standing(context) : await written(path, await files.read(path, maxFileBytes));
  return only(cluster, options.text('only'));
}

async function written(path: string, content: Buffer): Promise<BalancedCluster> {
  const { readDescription } = await import('../../balancer/front-door.ts');
  const { cluster, problems } = readDescription(content.toString('utf8'));
  if (cluster !== undefined) return cluster;
  throw new CliError('BAD_DESCRIPTION', ExitCode.refused, [`${path} is not usable:`, ...problems].join('\n  '));
}

async function standing({ api, options }: VerbContext): Promise<BalancedCluster> {
  const { describeCluster } = await import('../../balancer/front-door.ts');
  const described = await describeOptions(options);
  const answer = await api.call('HubfarmEnumFrontend');
  if (answer.flag('OnlyThisServer')) {
    const advice = 'ask the controller ("hubfarm cluster status" names it, --server asks it)';
    throw new CliError('NOT_CONTROLLER', ExitCode.refused, `this server knows only itself of its cluster: ${advice}`);
  }
  return describeCluster(
    answer.rows('FrontendList').map(memberFacts),
    answer.rows('ListenerList').map(listenerFacts),
    described,
  );
}

const listed = (text: string): string[] => text.split(',').filter((item) => item !== '');

const memberFacts = (row: Fields): MemberFacts => ({
  name: row.text('Member'),
  address: row.text('Address'),
  mac: row.text('Mac'),
  weight: row.integer('Weight'),
  isReady: row.flag('Ready'),
  takesLogins: row.flag('TakesLogins'),
  isInFarm: row.flag('InFarm'),
  balancer: row.text('Balancer'),
  virtualAddresses: listed(row.text('VirtualAddresses')),
  boundAddresses: listed(row.text('BoundAddresses')),
  wanAddress: row.text('WanAddress'),
  mediaPorts: row.text('MediaPorts'),
});

const listenerFacts = (row: Fields): ListenerFacts => ({
  member: row.text('Member'),
  kind: row.text('Kind'),
  port: row.integer('Port'),
});

async function describeOptions(options: OptionValues): Promise<DescribeOptions> {
  const { isIpv4 } = await import('../../balancer/front-door.ts');
  const address = (name: string, flag: string): string => {
    const value = options.text(name) ?? '';
    if (value !== '' && !isIpv4(value)) throw usageError(`${flag} takes an IPv4 address, not "${value}"`);
    return value;
  };
  const mac = options.text('balancerMac') ?? '';
  if (mac !== '' && !/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(mac)) {
    throw usageError(`--balancer-mac takes a MAC address such as 02:00:5e:10:00:01, not "${mac}"`);
  }
  return {
    name: options.text('name') ?? 'hubfarm',
    virtualAddress: address('vip', '--vip'),
    mode: choice(options, 'mode', modes),
    predictor: choice(options, 'predictor', predictors) ?? 'round-robin',
    isReadyOnly: options.isSet('ready'),
    balancer: {
      ...(await placeOf(options.text('balancerAddress'))),
      gateway: address('gateway', '--gateway'),
      dns: address('dns', '--dns'),
      interface: device(options, 'interface'),
      insideInterface: device(options, 'insideInterface'),
      mac: mac.toLowerCase(),
    },
  };
}

/** `10.0.0.1/24`, or without the length. */
async function placeOf(text: string | undefined): Promise<Pick<Balancer, 'address' | 'prefixLength'> | object> {
  if (text === undefined) return {};
  const { isIpv4 } = await import('../../balancer/front-door.ts');
  const [address = '', length, ...rest] = text.split('/');
  const isLength = length === undefined || (/^\d{1,2}$/.test(length) && Number(length) <= 32);
  if (!isIpv4(address) || !isLength || rest.length > 0) {
    throw usageError(
      `--balancer-address takes an IPv4 address with the length of its network: 10.0.0.1/24, not "${text}"`,
    );
  }
  return { address, prefixLength: length === undefined ? undefined : Number(length) };
}

function device(options: OptionValues, name: string): string {
  const value = options.text(name) ?? '';
  if (value !== '' && !/^[\w][\w.@-]{0,14}$/.test(value)) throw usageError(`"${value}" is no network interface`);
  return value;
}

export function choice<T extends string>(options: OptionValues, name: string, words: readonly T[]): T | undefined {
  const value = options.text(name);
  if (value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (found === undefined) throw usageError(`--${name} takes one of ${words.join(', ')}, not "${value}"`);
  return found;
}

/** A balancer may leave UDP or TCP to another one. */
function only(cluster: BalancedCluster, protocol: string | undefined): BalancedCluster {
  if (protocol === undefined) return cluster;
  if (protocol !== 'udp' && protocol !== 'tcp') throw usageError(`--only takes udp or tcp, not "${protocol}"`);
  const services = cluster.services
    .filter(({ protocols }) => protocols.includes(protocol))
    .map((service) => ({ ...service, protocols: [protocol] as const }));
  return { ...cluster, services };
}
