import { range } from './read-description.ts';
import type {
  BalancedCluster,
  BalancedService,
  Balancer,
  Frontend,
  MediaMethod,
  Predictor,
  ServiceMode,
} from './description.ts';
import type { ListenerFacts, MemberFacts } from './member-facts.ts';

/** What is not known of a cluster as it stands, or shall be otherwise. */
export interface DescribeOptions {
  readonly name: string;
  /** Empty = the one that the members were told. */
  readonly virtualAddress: string;
  /** undefined = what the members were told. */
  readonly mode: ServiceMode | undefined;
  readonly predictor: Predictor;
  readonly balancer: Partial<Balancer>;
  /** Leaves out members that take no new work at the moment. */
  readonly isReadyOnly: boolean;
}

const blankBalancer: Balancer = {
  address: '',
  prefixLength: undefined,
  gateway: '',
  dns: '',
  timeServer: '',
  mailServer: '',
  interface: '',
  insideInterface: '',
  mac: '',
  uplinkPorts: [],
  vlan: undefined,
  monitor: '',
};

/** A cluster as it stands, as its load balancer must see it. */
export function describeCluster(
  allMembers: readonly MemberFacts[],
  listeners: readonly ListenerFacts[],
  options: DescribeOptions,
): BalancedCluster {
  const members = allMembers.filter(({ isReady }) => isReady || !options.isReadyOnly);
  const virtualAddress = options.virtualAddress || (members.flatMap((one) => one.virtualAddresses)[0] ?? '');
  const mode = options.mode ?? (members.some(({ balancer }) => balancer === 'dsr') ? 'dsr' : 'nat');
  const mediaMethod = methodOf(members, mode);
  return {
    name: options.name,
    virtualAddress,
    isFarm: members.some(({ isInFarm }) => isInFarm),
    predictor: options.predictor,
    balancer: { ...blankBalancer, ...options.balancer },
    mediaMethod,
    frontends: members.map((member) => frontendOf(member, virtualAddress, mode, mediaMethod)),
    services: servicesOf(members, listeners, mode),
  };
}

/** One WAN address for all is told apart by ports; one for each is mapped, unless it is the member's own. */
function methodOf(members: readonly MemberFacts[], mode: ServiceMode): MediaMethod {
  const given = members.map(({ wanAddress }) => wanAddress).filter((address) => address !== '');
  if (given.length < members.length || given.length === 0) return 'none';
  if (members.every(({ wanAddress, address }) => wanAddress === address)) return 'multi-ip';
  if (mode === 'dsr') return 'multi-ip';
  if (new Set(given).size > 1 || members.length === 1) return 'multi-ip-nat';
  return members.every(({ mediaPorts }) => mediaPorts !== '') ? 'single-ip' : 'none';
}

function frontendOf(member: MemberFacts, vip: string, mode: ServiceMode, method: MediaMethod): Frontend {
  const { name, address, mac, weight, mediaPorts, wanAddress, boundAddresses } = member;
  return {
    name,
    address,
    hardwarePort: undefined,
    mac,
    weight,
    mediaPorts: range(mediaPorts),
    // With single-ip it is that of the cluster, and must be the virtual one.
    wanAddress: method === 'multi-ip-nat' || (method === 'single-ip' && wanAddress !== vip) ? wanAddress : '',
    hasVirtualAddress: mode === 'dsr' ? boundAddresses.includes(vip) : undefined,
  };
}

const sipKinds: Readonly<Record<string, { readonly name: string; readonly protocol: 'udp' | 'tcp' }>> = {
  udp: { name: 'sip', protocol: 'udp' },
  tcp: { name: 'sip', protocol: 'tcp' },
  tls: { name: 'sips', protocol: 'tcp' },
  ws: { name: 'sip-ws', protocol: 'tcp' },
  wss: { name: 'sip-wss', protocol: 'tcp' },
};

/** In the order of the listeners; what only some members have goes to them alone. */
function servicesOf(
  members: readonly MemberFacts[],
  listeners: readonly ListenerFacts[],
  mode: ServiceMode,
): readonly BalancedService[] {
  const groups = new Map<string, { name: string; port: number; protocols: Set<'udp' | 'tcp'>; members: Set<string> }>();
  for (const { member, kind, port } of listeners) {
    const known = members.find(({ name }) => name === member);
    const sip = sipKinds[kind];
    // A VPN client that cannot log in there would be sent away.
    if (known === undefined || (sip === undefined && !known.takesLogins)) continue;
    const name = sip?.name ?? 'vpn';
    const group = groups.get(`${name} ${port}`) ?? { name, port, protocols: new Set(), members: new Set() };
    group.protocols.add(sip?.protocol ?? 'tcp');
    group.members.add(member);
    groups.set(`${name} ${port}`, group);
  }
  return [...groups.values()].map((group) => serviceOf(group, members.length, mode));
}

function serviceOf(
  group: {
    readonly name: string;
    readonly port: number;
    readonly protocols: ReadonlySet<'udp' | 'tcp'>;
    readonly members: ReadonlySet<string>;
  },
  memberCount: number,
  mode: ServiceMode,
): BalancedService {
  const { name, port } = group;
  const isVpn = name === 'vpn';
  return {
    name: `${name}-${port}`,
    port,
    protocols: (['udp', 'tcp'] as const).filter((protocol) => group.protocols.has(protocol)),
    mode,
    isKeptAlive: true,
    check: name === 'sip' ? 'sip' : isVpn ? 'https' : 'tcp',
    // The connections of one VPN session must reach one server, also where the client was not redirected.
    predictor: isVpn ? 'source' : undefined,
    frontends: group.members.size === memberCount ? undefined : [...group.members],
  };
}
