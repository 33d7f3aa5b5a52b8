import { parse, TomlError } from 'smol-toml';
import type {
  BalancedCluster,
  BalancedService,
  Balancer,
  Frontend,
  PortRange,
  ServiceCheck,
  TransportProtocol,
} from './description.ts';
import { isIpv4, prefixLengthOf } from './ipv4.ts';
import { isTable, TableReader, wholeNumber, type Complain } from './reader.ts';

/** Rows of a list in a description; more are a mistake. */
const maxRows = 256;
const maxDepth = 8;
const predictors = ['round-robin', 'source', 'least-connections'] as const;
const modes = ['normal', 'dsr', 'nat'] as const;
const checks = ['tcp', 'sip', 'https', 'smtp', 'none'] as const;
const mediaMethods = ['none', 'single-ip', 'multi-ip', 'multi-ip-nat'] as const;

/** A description of a cluster that somebody has written down, or everything that is wrong with it. */
export interface Read {
  /** undefined where there are problems. */
  readonly cluster: BalancedCluster | undefined;
  readonly problems: readonly string[];
}

/** Never throws. */
export function readDescription(toml: string): Read {
  let document: Readonly<Record<string, unknown>>;
  try {
    document = parse(toml, { maxDepth });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return {
      cluster: undefined,
      problems: [`line ${error.line}, column ${error.column}: ${error.message.split('\n', 1)[0] ?? ''}`],
    };
  }
  const problems: string[] = [];
  const cluster = readCluster(document, (problem) => problems.push(problem));
  return { cluster: problems.length === 0 ? cluster : undefined, problems };
}

function readCluster(document: Readonly<Record<string, unknown>>, complain: Complain): BalancedCluster {
  const known = ['cluster', 'balancer', 'media', 'frontend', 'service'];
  for (const name of Object.keys(document)) {
    if (!known.includes(name)) complain(`section ${name} is unknown; there are ${known.join(', ')}`);
  }
  const section = (name: string): TableReader => {
    const value = document[name] ?? {};
    if (!isTable(value)) complain(`${name} must be a section: [${name}]`);
    return new TableReader(name, isTable(value) ? value : {}, complain);
  };
  const cluster = section('cluster');
  const media = section('media');
  const read: BalancedCluster = {
    name: cluster.value('name', 'letters, digits and -', name, 'hubfarm'),
    virtualAddress: address(cluster, 'virtualAddress'),
    isFarm: cluster.flag('farm', true),
    predictor: cluster.choice('predictor', predictors, 'round-robin'),
    balancer: readBalancer(section('balancer')),
    mediaMethod: media.choice('method', mediaMethods, 'none'),
    frontends: rows(document['frontend'], 'frontend', complain).map(readFrontend),
    services: rows(document['service'], 'service', complain).map(readService),
  };
  cluster.end();
  media.end();
  return read;
}

function rows(value: unknown, name: string, complain: Complain): readonly TableReader[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every(isTable) || value.length > maxRows) {
    complain(`${name} must be one section for each: [[${name}]], ${maxRows} at most`);
    return [];
  }
  return value.map((row, at) => new TableReader(`${name} ${at + 1}`, row, complain));
}

function readBalancer(table: TableReader): Balancer {
  const read: Balancer = {
    address: address(table, 'address'),
    prefixLength: table.value('netmask', 'a mask such as "255.255.255.0", or its length', prefix, undefined),
    gateway: address(table, 'gateway'),
    dns: address(table, 'dns'),
    timeServer: address(table, 'timeServer'),
    mailServer: table.value('mailServer', 'a host name', host, ''),
    interface: table.value('interface', 'the name of a network interface', device, ''),
    insideInterface: table.value('insideInterface', 'the name of a network interface', device, ''),
    mac: mac(table),
    uplinkPorts: table.list('uplinkPorts', 'hardware ports', port, []),
    vlan: table.value('vlan', '{ name = "…", tag = 1, interfaces = ["1.1"] }', vlan, undefined),
    monitor: table.text('monitor'),
  };
  table.end();
  return read;
}

function readFrontend(table: TableReader, at: number): Frontend {
  const read: Frontend = {
    name: table.value('name', 'letters, digits, -, _ and .', realName, `f${at + 1}`),
    address: table.value('address', 'an IPv4 address', ipv4, ''),
    hardwarePort: table.integer('hardwarePort', 1, 1023, undefined),
    mac: mac(table),
    weight: table.integer('weight', 1, 10_000, 100),
    mediaPorts: table.value('mediaPorts', 'a range such as "10000-19999"', range, undefined),
    wanAddress: address(table, 'wanAddress'),
    hasVirtualAddress: table.value('hasVirtualAddress', 'true or false', flag, undefined),
  };
  table.end();
  return read;
}

function readService(table: TableReader): BalancedService {
  const servicePort = table.value('port', 'a port from 1 to 65535', port, 0);
  const protocols = table.list('protocols', '"tcp" and "udp"', protocol, ['tcp'] as const);
  const read: BalancedService = {
    name: table.value('name', 'letters, digits, -, _ and .', realName, `port-${servicePort}`),
    port: servicePort,
    protocols: [...new Set(protocols)],
    mode: table.choice('mode', modes, 'normal'),
    isKeptAlive: table.flag('keepalive', true),
    check: table.choice('check', checks, defaultCheck(servicePort)),
    predictor: table.choice('predictor', predictors, undefined),
    frontends: table.list('frontends', 'names of frontends', text, undefined),
  };
  table.end();
  return read;
}

export function defaultCheck(port: number): ServiceCheck {
  if (port === 25) return 'smtp';
  return port === 5060 ? 'sip' : 'tcp';
}

const address = (table: TableReader, key: string): string => table.value(key, 'an IPv4 address', ipv4, '');
const mac = (table: TableReader): string =>
  table.value(
    'mac',
    'a MAC address such as "02:00:5e:10:00:01"',
    (value) => matching(value, macPattern)?.toLowerCase(),
    '',
  );

const macPattern = /^[\da-f]{2}(:[\da-f]{2}){5}$/i;
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const flag = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);
/** Names stand in configurations of other programs: nothing that means something there. */
const matching = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && value.length <= 64 && pattern.test(value) ? value : undefined;
const name = (value: unknown): string | undefined => matching(value, /^[A-Za-z][A-Za-z0-9-]*$/);
const realName = (value: unknown): string | undefined => matching(value, /^[A-Za-z0-9][\w.-]*$/);
const device = (value: unknown): string | undefined => matching(value, /^[A-Za-z0-9][\w.@-]{0,14}$/);
const host = (value: unknown): string | undefined => matching(value, /^[A-Za-z0-9][A-Za-z0-9.-]*$/);
const ipv4 = (value: unknown): string | undefined => (typeof value === 'string' && isIpv4(value) ? value : undefined);
const port = (value: unknown): number | undefined => wholeNumber(value, 1, 65_535);
const protocol = (value: unknown): TransportProtocol | undefined =>
  value === 'tcp' || value === 'udp' ? value : undefined;
const prefix = (value: unknown): number | undefined =>
  typeof value === 'string' ? prefixLengthOf(value) : wholeNumber(value, 0, 32);

export function range(value: unknown): PortRange | undefined {
  const [, first, last] = typeof value === 'string' ? (/^(\d{1,5})-(\d{1,5})$/.exec(value) ?? []) : [];
  if (first === undefined || last === undefined) return undefined;
  const read = { first: Number(first), last: Number(last) };
  return read.first >= 1 && read.first <= read.last && read.last <= 65_535 ? read : undefined;
}

function vlan(value: unknown): Balancer['vlan'] {
  if (!isTable(value)) return undefined;
  const { name: vlanName, tag, interfaces } = value;
  const tagNumber = wholeNumber(tag, 1, 4094);
  const ports = Array.isArray(interfaces)
    ? interfaces.filter((one) => matching(one, /^\d+(\.\d+)?$/) !== undefined)
    : [];
  const known = realName(vlanName);
  if (known === undefined || tagNumber === undefined || ports.length === 0) return undefined;
  return { name: known, tag: tagNumber, interfaces: ports.map(String) };
}
