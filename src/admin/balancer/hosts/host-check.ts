import type { ArpSettings, HostInterface, HostNetworkFacts } from '#io';
import { isInNetwork, prefixLengthOf } from '../ipv4.ts';

/** One thing that direct server return needs of a frontend. `unknown`: a person must look. */
export interface Finding {
  /** `alias`, `arp_ignore of eth0` … */
  readonly what: string;
  readonly verdict: 'ok' | 'lacks' | 'unknown';
  /** In plain words. */
  readonly text: string;
  /** What to type, or to look at; empty where nothing is to be done. */
  readonly command: string;
}

export interface HostCheckInput {
  readonly facts: HostNetworkFacts;
  /** IPv4. */
  readonly virtualAddress: string;
  /** Address of the balancer in the frontends' network; empty = not known. */
  readonly balancerAddress: string;
  /** UDP places that the SIP server has open; `*` = all addresses. */
  readonly sockets: readonly { readonly address: string; readonly port: number; readonly isOpen: boolean }[];
}

/** What a frontend still lacks for direct server return. */
export function checkHost(input: HostCheckInput): readonly Finding[] {
  const { facts } = input;
  return [
    checkAlias(input),
    ...(facts.systemName === 'Linux' ? checkLinux(facts) : [lookAtArp(input)]),
    checkSocket(input),
    checkSegment(input),
  ];
}

const ok = (what: string, text: string): Finding => ({ what, verdict: 'ok', text, command: '' });
const lacks = (what: string, text: string, command: string): Finding => ({ what, verdict: 'lacks', text, command });
const unknown = (what: string, text: string, command: string): Finding => ({ what, verdict: 'unknown', text, command });

const hostMask = '255.255.255.255';
/** Interfaces that are no cable: an address there is for this host alone. */
const isInner = ({ name, isLoopback }: HostInterface): boolean => isLoopback || /^dummy/.test(name);
/** Those that lead out of this host. */
export const outerInterfaces = ({ interfaces }: HostNetworkFacts): readonly HostInterface[] =>
  interfaces.filter((one) => !isInner(one) && one.addresses.length > 0);

function checkAlias({ facts, virtualAddress: vip }: HostCheckInput): Finding {
  const places = facts.interfaces.flatMap((one) =>
    one.addresses.filter(({ address }) => address === vip).map(({ netmask }) => ({ one, netmask })),
  );
  const add =
    aliasCommands[facts.systemName]?.(vip) ?? 'see the manual of this system: an alias of the loopback interface';
  const [place] = places;
  if (place === undefined) return lacks('alias', `this host does not have ${vip}: what is sent to it is dropped`, add);
  const cabled = places.find(({ one }) => !isInner(one));
  if (cabled !== undefined) {
    const { name } = cabled.one;
    const text = `${vip} is on ${name}: this host answers ARP for it, and takes it away from the balancer`;
    return lacks('alias', text, `ip address del ${vip}/${prefixLengthOf(cabled.netmask) ?? 32} dev ${name}; ${add}`);
  }
  if (place.netmask !== hostMask) {
    const { name } = place.one;
    const text = `${vip} is on ${name} with the netmask ${place.netmask}: the whole network would be on this host; it must be ${hostMask}`;
    return lacks('alias', text, `ip address del ${vip}/${prefixLengthOf(place.netmask) ?? 32} dev ${name}; ${add}`);
  }
  return ok('alias', `${vip} is on ${place.one.name}, for this host alone`);
}

const aliasCommands: Readonly<Record<string, (vip: string) => string>> = {
  Linux: (vip) => `ip address add ${vip}/32 dev lo`,
  SunOS: (vip) => `ifconfig lo0:1 plumb; ifconfig lo0:1 ${vip} netmask ${hostMask} up`,
  FreeBSD: (vip) => `ifconfig lo0 inet ${vip} netmask ${hostMask} alias`,
};

function checkLinux(facts: HostNetworkFacts): Finding[] {
  if (facts.all === undefined) {
    return [unknown('ARP', 'the settings of the kernel cannot be read here', 'sysctl -a | grep -e arp_ -e rp_filter')];
  }
  const { all } = facts;
  const devices = outerInterfaces(facts);
  return [
    ...devices.flatMap(({ name, settings }) => (settings === undefined ? [] : checkArp(name, settings, all))),
    ...checkLaterDevices(all),
    ...devices.flatMap(({ name, settings }) =>
      settings === undefined ? [] : [checkReversePath(name, settings, all, devices.length)],
    ),
  ];
}

/** 1: answer for addresses of the interface that was asked on; 2: and only to askers of its network. */
const quietIgnore: readonly number[] = [1, 2];
const quietAnnounce = 2;

function checkArp(name: string, own: ArpSettings, all: ArpSettings): Finding[] {
  // The kernel goes by the larger one.
  const ignore = Math.max(own.arpIgnore, all.arpIgnore);
  const announce = Math.max(own.arpAnnounce, all.arpAnnounce);
  const command = (key: string, value: number): string =>
    `sysctl -w net.ipv4.conf.all.${key}=${value} net.ipv4.conf.${name}.${key}=${value}`;
  return [
    quietIgnore.includes(ignore)
      ? ok(`arp_ignore of ${name}`, `${ignore}: nobody learns from this host that it has the virtual address`)
      : lacks(
          `arp_ignore of ${name}`,
          ignore > 2
            ? `${ignore}: must be 1, with which it still answers for its own addresses`
            : '0: it answers ARP for the virtual address, and takes it away from the balancer',
          command('arp_ignore', 1),
        ),
    announce === quietAnnounce
      ? ok(`arp_announce of ${name}`, '2: it asks others with an address of the interface')
      : lacks(
          `arp_announce of ${name}`,
          `${announce}: its own questions tell others that it has the virtual address`,
          command('arp_announce', quietAnnounce),
        ),
  ];
}

/** An interface that appears later begins with what is set for all. */
function checkLaterDevices({ arpIgnore, arpAnnounce }: ArpSettings): Finding[] {
  if (arpIgnore >= 1 && arpAnnounce === quietAnnounce) return [];
  return [
    lacks(
      'ARP of all',
      `arp_ignore is ${arpIgnore} and arp_announce ${arpAnnounce}: an interface that comes later would give the virtual address away`,
      'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2',
    ),
  ];
}

const strict = 1;

function checkReversePath(name: string, own: ArpSettings, all: ArpSettings, devices: number): Finding {
  const value = Math.max(own.rpFilter, all.rpFilter);
  const what = `rp_filter of ${name}`;
  if (value !== strict) return ok(what, `${value}: packets are taken wherever their sender is`);
  if (devices === 1) return ok(what, `1: with one interface, every sender is there where ${name} leads`);
  return lacks(
    what,
    `1: packets of clients that this host would reach by another interface are dropped when they come in by ${name}`,
    `sysctl -w net.ipv4.conf.${name}.rp_filter=2`,
  );
}

const lookAtArp = ({ facts, virtualAddress }: HostCheckInput): Finding =>
  unknown(
    'ARP',
    `whether ${facts.systemName} keeps ${virtualAddress} to itself cannot be seen from here`,
    `arp -n ${virtualAddress} on another host of the network: it must show the balancer's MAC address, not this host's`,
  );

function checkSocket({ sockets, virtualAddress }: HostCheckInput): Finding {
  const own = sockets.filter(({ address }) => address === virtualAddress);
  const open = own.find(({ isOpen }) => isOpen);
  if (open !== undefined) return ok('socket', `SIP has UDP ${virtualAddress}:${open.port} open`);
  const wildcard = sockets.find(({ address }) => address === '*' || address === '0.0.0.0' || address === '::');
  const port = own[0]?.port ?? wildcard?.port ?? 5060;
  return lacks(
    'socket',
    `SIP has no UDP socket of its own on ${virtualAddress}:${port}: its answers would leave from another address`,
    `hubfarm farm set --virtual-addresses ${virtualAddress} --balancer dsr; hubfarm farm refresh`,
  );
}

function checkSegment({ facts, balancerAddress }: HostCheckInput): Finding {
  if (balancerAddress === '') {
    return unknown(
      'segment',
      'the balancer must be in one network segment with this host, with no router between',
      'hubfarm lb check --balancer-address ADDRESS',
    );
  }
  for (const { name, addresses } of outerInterfaces(facts)) {
    const near = addresses.find(({ address, netmask }) =>
      isInNetwork(balancerAddress, address, prefixLengthOf(netmask) ?? 32),
    );
    if (near !== undefined) return ok('segment', `the balancer ${balancerAddress} is in the network of ${name}`);
  }
  return lacks(
    'segment',
    `the balancer ${balancerAddress} is in none of the networks of this host: it can only send frames to its own segment`,
    'connect this host to the network of the balancer, or take mode "nat"',
  );
}
