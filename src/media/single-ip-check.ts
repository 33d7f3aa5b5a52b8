import { pairsOf, portRangeText, type PortRange } from './port-pool.ts';

/** A member, as the load balancer's rules for media see it. */
export interface MediaMember {
  readonly name: string;
  readonly ports: PortRange;
  /** Server-wide; undefined: not set. */
  readonly wanAddress: string | undefined;
  /** Ports of its own that take UDP or TCP: SIP, VPN, administration. */
  readonly servicePorts: readonly number[];
  /** Members on one machine share its addresses, whatever the method. */
  readonly machine: string;
}

export interface MediaCluster {
  readonly members: readonly MediaMember[];
  /** Cluster-wide; undefined: not set. */
  readonly wanAddress: string | undefined;
}

/**
 * `single-ip`: one public address, told apart by port; `multi-ip`: an address for each member; `none`: no public address is set,
 * media go to the members' own addresses.
 */
export type MediaMethod = 'single-ip' | 'multi-ip' | 'none';

export interface MediaFinding {
  /** `error`: calls will be without sound; `warning`: it works, or may work. */
  readonly level: 'error' | 'warning';
  readonly text: string;
}

export interface MediaCheck {
  readonly method: MediaMethod;
  readonly findings: readonly MediaFinding[];
  /** Streams that all members together can have open to the outside: two ports each. */
  readonly capacity: number;
  /** What the load balancer must pass on, by member: a range of ports of the public address. */
  readonly forwardings: readonly { readonly member: string; readonly ports: PortRange }[];
}

/** Ports that others use by custom: a range that has them in it will be in their way one day. */
const wellKnownPorts: readonly (readonly [number, string])[] = [
  [5060, 'SIP'],
  [5061, 'SIP with TLS'],
];

/** What is wrong with how a cluster's media are reached from outside; nothing where it is one member without a public address. */
export function checkMedia(cluster: MediaCluster): MediaCheck {
  const { members, wanAddress } = cluster;
  const own = members.filter((member) => member.wanAddress !== undefined);
  const method = wanAddress !== undefined ? 'single-ip' : own.length > 0 ? 'multi-ip' : 'none';
  const sharing = method === 'single-ip' ? members.filter((member) => member.wanAddress === undefined) : [];
  return {
    method,
    findings: [
      ...(method === 'single-ip'
        ? bothAddresses(cluster, own)
        : method === 'multi-ip'
          ? missingAddresses(members)
          : []),
      ...sharedAddresses(own),
      ...overlaps(sharing, wanAddress),
      ...members.flatMap(rangeFindings),
    ],
    capacity: members.reduce((sum, { ports }) => sum + pairsOf(ports), 0),
    forwardings: sharing.map(({ name, ports }) => ({ member: name, ports })),
  };
}

function bothAddresses({ wanAddress }: MediaCluster, own: readonly MediaMember[]): MediaFinding[] {
  return own.map((member) => ({
    level: 'warning',
    text:
      `${member.name} has a WAN address of its own (${member.wanAddress}), so the cluster's (${wanAddress}) does not count ` +
      'for it: with the single-IP method leave that of the servers empty',
  }));
}

function missingAddresses(members: readonly MediaMember[]): MediaFinding[] {
  return members
    .filter(({ wanAddress }) => wanAddress === undefined)
    .map(({ name }) => ({
      level: 'warning',
      text: `${name} has no WAN address, others have one: that is right only where its own address is public`,
    }));
}

/** Two members behind one address of their own are a single-IP method that nobody has planned. */
function sharedAddresses(own: readonly MediaMember[]): MediaFinding[] {
  return pairsAmong(own)
    .filter(([a, b]) => a.wanAddress === b.wanAddress && doOverlap(a.ports, b.ports))
    .map(([a, b]) => ({ level: 'error', text: overlapText(a, b, a.wanAddress) }));
}

function overlaps(sharing: readonly MediaMember[], address: string | undefined): MediaFinding[] {
  return pairsAmong(sharing)
    .filter(([a, b]) => doOverlap(a.ports, b.ports))
    .map(([a, b]) => ({ level: 'error', text: overlapText(a, b, address) }));
}

function overlapText(a: MediaMember, b: MediaMember, address: string | undefined): string {
  return (
    `${a.name} (${portRangeText(a.ports)}) and ${b.name} (${portRangeText(b.ports)}) share ports behind ${address ?? 'one address'}: ` +
    'the load balancer cannot tell whose a packet is; give each a range of its own'
  );
}

function rangeFindings(member: MediaMember): MediaFinding[] {
  const { name, ports, servicePorts } = member;
  const findings: MediaFinding[] = [];
  const range = portRangeText(ports);
  if ((ports.last - ports.first + 1) % 2 !== 0 || ports.first % 2 !== 0) {
    findings.push({
      level: 'warning',
      text: `${name}: ${range} does not begin with an even port and end with an odd one; a port is left over, as each stream takes two`,
    });
  }
  const used = new Map(wellKnownPorts);
  for (const port of servicePorts) used.set(port, used.get(port) ?? 'a listener');
  for (const [port, what] of used) {
    if (port < ports.first || port > ports.last) continue;
    const isOwn = servicePorts.includes(port);
    findings.push({
      level: isOwn ? 'error' : 'warning',
      text: `${name}: ${range} has port ${port} in it, which is ${isOwn ? `used by this server (${what})` : `usually ${what}`}`,
    });
  }
  return findings;
}

function doOverlap(a: PortRange, b: PortRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function pairsAmong<T>(list: readonly T[]): [T, T][] {
  return list.flatMap((a, index) => list.slice(index + 1).map((b): [T, T] => [a, b]));
}
