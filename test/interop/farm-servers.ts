import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import type { Host } from './namespaces.ts';
import { ServerCluster } from './server-cluster.ts';

const password = 'admin-word';
/** In the network of the hosts, and no host's own. */
const virtualAddress = '10.77.0.200';
const names = ['farm1', 'farm2', 'farm3'] as const;

/** What `hubfarm farm status --json` says of a member. */
export interface FarmRow {
  readonly member: string;
  readonly isInFarm: boolean;
  readonly isReady: boolean;
  readonly isReachable: boolean;
  readonly farm: { readonly set: string; readonly resolved: string };
  readonly problem: string;
  readonly boundAddresses: readonly string[];
}

/**
 * Three servers of one cluster behind a load balancer that hands each datagram to the next one, whoever sends it and
 * whatever it is about, and each TCP connection to one of them: direct server return.
 */
export class FarmServers {
  readonly address = virtualAddress;
  readonly servers: readonly HubfarmServer[];
  readonly balancer: Host;

  constructor(host: (name: string) => Host, settings: readonly string[] = []) {
    this.balancer = host('balancer');
    const own = [`sip.virtualAddresses=["${virtualAddress}"]`, 'sip.balancer=dsr', 'sip.farm=member'];
    this.servers = names.map(
      (name) => new HubfarmServer(host(name), { settings: [`cluster.name=${name}`, ...own, ...settings], password }),
    );
  }

  get first(): HubfarmServer {
    return this.servers[0]!;
  }

  nameOf(server: HubfarmServer): string {
    return names[this.servers.indexOf(server)] ?? '';
  }

  async start(): Promise<void> {
    const [controller, ...members] = this.servers;
    for (const { host } of this.servers) await hasVirtualAddress(host);
    await new ServerCluster(controller!, members, { password }).start();
    await this.allIn();
    await this.balance(this.servers);
  }

  /** Waits until every one of these sees so many in the farm. */
  async allIn(count = this.servers.length, timeoutMs = 60_000, seenBy = this.servers.slice(0, count)): Promise<void> {
    await until(`${count} members in the farm`, timeoutMs, async () => {
      const rows = await Promise.all(seenBy.map((server) => this.rows(server).catch(() => [])));
      return rows.every((seen) => seen.filter(({ isInFarm }) => isInFarm).length === count);
    });
  }

  /** The farm as this server sees it. */
  async rows(server: HubfarmServer = this.first): Promise<readonly FarmRow[]> {
    const text = await server.hubfarm('farm', 'status', '--json');
    return (JSON.parse(text) as { readonly members: readonly FarmRow[] }).members;
  }

  /** What a server has counted, by name, over its members. */
  async figures(server: HubfarmServer): Promise<ReadonlyMap<string, number>> {
    const text = await server.hubfarm('sip', 'status', '--json');
    const { figures } = JSON.parse(text) as { figures: readonly { member: string; name: string; value: number }[] };
    return new Map(figures.map(({ member, name, value }) => [`${member} ${name}`, value]));
  }

  /**
   * The balancer spreads over these from now on. Messages of the kinds that are steered do not go to the next server, but to
   * the one with that number.
   */
  async balance(servers: readonly HubfarmServer[], steered: ReadonlyMap<string, number> = new Map()): Promise<void> {
    const macOf = async (host: Host): Promise<string> =>
      (await host.mustRun('cat', ['/sys/class/net/eth0/address'])).trim();
    const macs = await Promise.all(servers.map(({ host }) => macOf(host)));
    await this.balancer.mustRun('ip', ['addr', 'replace', `${virtualAddress}/24`, 'dev', 'eth0']);
    const places = macs.map((mac, index) => `${index} : ${mac}`);
    const toMember = `ether saddr set ${await macOf(this.balancer)} ether daddr set`;
    const members = `mod ${servers.length} map { ${places.join(', ')} } fwd to "eth0"`;
    const steering = [...steered].map(
      ([kind, at]) =>
        `ip daddr ${virtualAddress} udp dport 5060 ${beginningOf(kind)} counter ${toMember} ${macs[at] ?? ''} fwd to "eth0" comment "${kind}"`,
    );
    const rules = `table netdev farm
delete table netdev farm
table netdev farm {
  chain in {
    type filter hook ingress device "eth0" priority 0; policy accept;
    ${steering.join('\n    ')}
    ip daddr ${virtualAddress} udp dport 5060 ${toMember} numgen inc ${members}
    ip daddr ${virtualAddress} tcp dport { 5060, 5061 } ${toMember} jhash ip saddr . tcp sport ${members}
  }
}`;
    await this.balancer.mustRun('nft', [rules]);
  }

  /** How many messages of each kind that is steered have come by, since then. */
  async steered(): Promise<ReadonlyMap<string, number>> {
    const text = await this.balancer.mustRun('nft', ['-j', 'list', 'chain', 'netdev', 'farm', 'in']);
    const { nftables } = JSON.parse(text) as { readonly nftables: readonly { readonly rule?: SteeringRule }[] };
    return new Map(
      nftables.flatMap(({ rule }) =>
        rule?.comment === undefined
          ? []
          : [[rule.comment, rule.expr.find(({ counter }) => counter)?.counter?.packets ?? 0]],
      ),
    );
  }
}

interface SteeringRule {
  readonly comment?: string;
  readonly expr: readonly { readonly counter?: { readonly packets: number } }[];
}

/** How nft finds a kind of message by its first bytes: `INVITE`, `180`. */
function beginningOf(kind: string): string {
  const hex = (text: string): string => `0x${Buffer.from(text).toString('hex')}`;
  const datagramBits = 64;
  if (!/^\d/.test(kind)) return `@th,${datagramBits},32 ${hex(kind.padEnd(4).slice(0, 4))}`;
  const statusBits = datagramBits + 'SIP/2.0 '.length * 8;
  return `@th,${datagramBits},32 ${hex('SIP/')} @th,${statusBits},24 ${hex(kind)}`;
}

/** On the loopback interface, and not told to neighbours. */
async function hasVirtualAddress(host: Host): Promise<void> {
  for (const place of ['all', 'eth0']) {
    const keys = [`net.ipv4.conf.${place}.arp_ignore=1`, `net.ipv4.conf.${place}.arp_announce=2`];
    await host.mustRun('sysctl', ['-qw', ...keys]);
  }
  await host.mustRun('ip', ['addr', 'add', `${virtualAddress}/32`, 'dev', 'lo']);
}
