import { provideAccounts } from '../../test/interop/sip-server.ts';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import type { Host } from '../../test/interop/namespaces.ts';
import { ServerCluster } from '../../test/interop/server-cluster.ts';
import type { SipUser } from '../../test/interop/sipp.ts';

const password = 'admin-word';
/** In the network of the hosts, and no host's own. */
const virtualAddress = '10.77.0.200';
const probeEveryMs = 250;

/** Three servers of one cluster behind a balancer that hands each packet to the next one (direct server return). */
export class HubfarmFarm {
  readonly address = virtualAddress;
  readonly #balancer: Host;
  readonly #servers: readonly HubfarmServer[];

  constructor(host: (name: string) => Host) {
    this.#balancer = host('balancer');
    const settings = [`sip.virtualAddresses=["${virtualAddress}"]`, 'sip.balancer=dsr', 'sip.farm=member'];
    settings.push('sip.trusted=10.77.0.0/24');
    this.#servers = ['farm1', 'farm2', 'farm3'].map(
      (name) => new HubfarmServer(host(name), { settings, password, port: 443 }),
    );
  }

  get pids(): readonly number[] {
    return this.#servers.map(({ pid }) => pid);
  }

  async start(domain: string, users: readonly SipUser[]): Promise<void> {
    const [controller, ...members] = this.#servers;
    if (controller === undefined) return;
    for (const { host } of this.#servers) await hasVirtualAddress(host);
    await new ServerCluster(controller, members, { password }).start();
    await provideAccounts(controller, domain, users);
    await balance(
      this.#balancer,
      this.#servers.map(({ host }) => host),
    );
  }

  /**
   * SIGKILL to the last of the servers; the balancer leaves it out when it does not answer OPTIONS any more. The function that
   * is returned starts it again.
   */
  async loseOne(): Promise<() => Promise<void>> {
    const last = this.#servers.at(-1)!;
    const others = this.#servers.slice(0, -1).map(({ host }) => host);
    await last.kill();
    while (await answers(this.#balancer, last.host)) await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
    await balance(this.#balancer, others);
    return async () => {
      await last.start();
      await balance(this.#balancer, [...others, last.host]);
    };
  }
}

/** A health check as balancers do it. */
async function answers(balancer: Host, { address }: Host): Promise<boolean> {
  const asked = balancer.run('sipsak', ['-s', `sip:${address}:5060`], { timeoutMs: 1_000 });
  return (await asked.catch(() => undefined))?.code === 0;
}

async function hasVirtualAddress(host: Host): Promise<void> {
  for (const place of ['all', 'eth0']) {
    await host.mustRun('sysctl', [
      '-qw',
      `net.ipv4.conf.${place}.arp_ignore=1`,
      `net.ipv4.conf.${place}.arp_announce=2`,
    ]);
  }
  await host.mustRun('ip', ['addr', 'add', `${virtualAddress}/32`, 'dev', 'lo']);
}

/** Packets go to one member after the other, whoever sends them and whatever they are about. */
async function balance(balancer: Host, members: readonly Host[]): Promise<void> {
  const macOf = async (host: Host): Promise<string> =>
    (await host.mustRun('cat', ['/sys/class/net/eth0/address'])).trim();
  await balancer.mustRun('ip', ['addr', 'replace', `${virtualAddress}/24`, 'dev', 'eth0']);
  const places = await Promise.all(members.map(async (host, index) => `${index} : ${await macOf(host)}`));
  const rules = `table netdev farm
delete table netdev farm
table netdev farm {
  chain in {
    type filter hook ingress device "eth0" priority 0; policy accept;
    ip daddr ${virtualAddress} udp dport 5060 ether saddr set ${await macOf(balancer)} ether daddr set numgen inc mod ${members.length} map { ${places.join(', ')} } fwd to "eth0"
  }
}`;
  await balancer.mustRun('nft', [rules]);
}
