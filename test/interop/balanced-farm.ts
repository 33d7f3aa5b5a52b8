import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import type { Host } from './namespaces.ts';
import { ServerCluster } from './server-cluster.ts';

const password = 'admin-word';
const names = ['farm1', 'farm2', 'farm3'] as const;

export interface BalancedFarmOptions {
  /** Where the servers are; `balancer` has a leg there. */
  readonly host: (name: string) => Host;
  readonly balancer: Host;
  readonly virtualAddress: string;
  /** `section.key=value` of the servers. */
  readonly settings: readonly string[];
  /** The same, of one server only, in their order. */
  readonly own?: readonly (readonly string[])[];
}

/** Three servers of one cluster, a SIP Farm, behind a balancer that runs what `hubfarm lb config` prints. */
export class BalancedFarm {
  readonly servers: readonly HubfarmServer[];
  readonly #options: BalancedFarmOptions;

  constructor(options: BalancedFarmOptions) {
    const { host, virtualAddress, settings, own = [] } = options;
    this.#options = options;
    this.servers = names.map(
      (name, at) =>
        new HubfarmServer(host(name), {
          password,
          settings: [
            `cluster.name=${name}`,
            'sip.farm=member',
            `sip.virtualAddresses=["${virtualAddress}"]`,
            ...settings,
            ...(own[at] ?? []),
          ],
        }),
    );
  }

  /** The controller. */
  get first(): HubfarmServer {
    return this.servers[0]!;
  }

  get target(): string {
    return `${this.#options.virtualAddress}:5060`;
  }

  async start(): Promise<void> {
    const [controller, ...members] = this.servers;
    await new ServerCluster(controller!, members, { password }).start();
  }

  /** Waits until every server sees all of them in the farm. */
  async allIn(): Promise<void> {
    await until('three members in the farm', 60_000, async () => {
      const seen = await Promise.all(this.servers.map((server) => this.#inFarm(server).catch(() => 0)));
      return seen.every((count) => count === names.length);
    });
  }

  async #inFarm(server: HubfarmServer): Promise<number> {
    const text = await server.hubfarm('farm', 'status', '--json');
    const { members } = JSON.parse(text) as { readonly members: readonly { readonly isInFarm: boolean }[] };
    return members.filter(({ isInFarm }) => isInFarm).length;
  }

  /** What is wrong with the farm, as any of its servers sees it. */
  async warnings(): Promise<readonly string[]> {
    const of = async (server: HubfarmServer): Promise<readonly string[]> => {
      const { warnings } = JSON.parse(await server.hubfarm('farm', 'status', '--json')) as {
        readonly warnings: readonly { readonly code: string }[];
      };
      return warnings.map(({ code }) => code);
    };
    return [...new Set((await Promise.all(this.servers.map(of))).flat())];
  }

  /** What the balancer must do, from the cluster as it stands. */
  configuration(...words: string[]): Promise<string> {
    return this.first.hubfarm('lb', 'config', '--for', 'nftables', ...words);
  }

  /** The balancer does this from now on; what it did before, and whom it remembers, is gone. */
  async balance(ruleset: string): Promise<void> {
    const { balancer, virtualAddress } = this.#options;
    const file = join(balancer.folder, 'balancer.nft');
    writeFileSync(file, ruleset);
    await balancer.mustRun('ip', ['addr', 'replace', `${virtualAddress}/32`, 'dev', 'eth0']);
    // The text says itself what the machine needs besides.
    for (const [, command = ''] of ruleset.matchAll(/^# {3}((?:sysctl|ip rule|ip route) .*)$/gm)) {
      await balancer.mustRun('sh', ['-c', command.replace('route add', 'route replace')]);
    }
    await balancer.mustRun('nft', ['flush', 'ruleset']);
    await balancer.run('conntrack', ['-F']);
    await balancer.mustRun('nft', ['-f', file]);
  }

  /** Sum of one of the farm's figures over all servers. */
  async figures(name: string): Promise<number[]> {
    return Promise.all(
      this.servers.map(async (server) => {
        const text = await server.hubfarm('sip', 'status', '--json');
        const { figures } = JSON.parse(text) as { figures: readonly { name: string; value: number }[] };
        return figures.find((one) => one.name === `farm.${name}`)?.value ?? 0;
      }),
    );
  }
}

/** Counts by which addresses and ports UDP comes to a host. */
export async function watchSources(host: Host, virtualAddress: string): Promise<void> {
  const rules = `table ip watch
delete table ip watch
table ip watch {
  counter expected { }
  counter unexpected { }
  chain arriving {
    type filter hook input priority -400; policy accept;
    meta l4proto udp ip saddr ${virtualAddress} udp sport 5060 counter name expected accept
    meta l4proto udp counter name unexpected
  }
}`;
  await host.mustRun('nft', [rules]);
}

/** Datagrams that came from the virtual address and port 5060, and all others. */
export async function seenSources(host: Host): Promise<{ readonly expected: number; readonly unexpected: number }> {
  const text = await host.mustRun('nft', ['-j', 'list', 'counters', 'table', 'ip', 'watch']);
  const { nftables } = JSON.parse(text) as {
    readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
  };
  const of = (name: string): number => nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0;
  return { expected: of('expected'), unexpected: of('unexpected') };
}
