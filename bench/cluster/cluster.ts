import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { until } from '../../test/interop/command.ts';
import type { Host, Network } from '../../test/interop/namespaces.ts';
import { childrenOf, cpuSeconds, proportionalBytes, residentBytes, signal } from '../../test/interop/process.ts';
import type { ServerAdmin } from '../../test/interop/server-admin.ts';
import { VpnServer } from '../../test/interop/vpn-server.ts';

const adminPassword = 'admin-word';
const joinTimeoutMs = 60_000;

export const account = { user: 'load', password: 'word' } as const;
export const hubs = { static: 'EVERYWHERE', dynamic: 'ROAMING' } as const;

/** One server of a cluster, whoever made it. */
export class ClusterServer {
  readonly server: HubfarmServer | VpnServer;
  readonly weight: number;

  constructor(server: HubfarmServer | VpnServer, weight: number) {
    this.server = server;
    this.weight = weight;
  }

  get host(): Host {
    return this.server.host;
  }

  get admin(): ServerAdmin {
    return this.server.admin;
  }

  get pid(): number {
    return this.server instanceof VpnServer ? this.server.daemon.pid : this.server.pid;
  }

  /** Of the server and of what it has started: hubfarm's engine is a process of its own. */
  get cpuSeconds(): number {
    return this.#processes().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  }

  get residentBytes(): number {
    return this.#processes().reduce((sum, pid) => sum + residentBytes(pid), 0);
  }

  /** What the program itself takes is shared by all servers of this machine. */
  get memoryBytes(): number {
    return this.#processes().reduce((sum, pid) => sum + proportionalBytes(pid), 0);
  }

  /** SIGKILL to all of it. */
  async kill(): Promise<void> {
    const children = childrenOf(this.pid);
    await (this.server instanceof VpnServer ? this.server.daemon.kill() : this.server.kill());
    for (const pid of children) signal(pid, 'SIGKILL');
  }

  freeze(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#processes()) signal(pid, 'SIGCONT');
  }

  #processes(): number[] {
    return [this.pid, ...childrenOf(this.pid)];
  }
}

/** A controller, which takes its share of the sessions, and members; all settings are made with the real vpncmd. */
export class Cluster {
  readonly name: 'hubfarm' | 'softether';
  readonly servers: readonly ClusterServer[];

  constructor(name: 'hubfarm' | 'softether', servers: readonly ClusterServer[]) {
    this.name = name;
    this.servers = servers;
  }

  get controller(): ClusterServer {
    return this.servers[0]!;
  }

  get cpuSeconds(): number {
    return this.servers.reduce((sum, server) => sum + server.cpuSeconds, 0);
  }

  get residentBytes(): number {
    return this.servers.reduce((sum, server) => sum + server.residentBytes, 0);
  }

  get memoryBytes(): number {
    return this.servers.reduce((sum, server) => sum + server.memoryBytes, 0);
  }

  /** Where a load client was sent to: `10.77.0.2:443`. */
  serverAt(place: string): ClusterServer {
    const found = this.servers.find(({ host }) => place.startsWith(`${host.address}:`));
    if (found === undefined) throw new Error(`no server of ${this.name} has the address ${place}`);
    return found;
  }

  async start(): Promise<void> {
    for (const { server } of this.servers) await server.start();
    const { admin, host, weight } = this.controller;
    await admin.command('ClusterSettingController', `/WEIGHT:${weight}`, '/ONLY:no');
    await this.#has(1);
    for (const member of this.servers.slice(1)) {
      await member.admin.command(
        ...['ClusterSettingMember', `${host.address}:443`, `/IP:${member.host.address}`, '/PORTS:443'],
        ...[`/PASSWORD:${adminPassword}`, `/WEIGHT:${member.weight}`],
      );
    }
    await this.complete();
    await admin.command('HubCreateStatic', hubs.static, '/PASSWORD:hub-word');
    await admin.command('HubCreateDynamic', hubs.dynamic, '/PASSWORD:hub-word');
    for (const hub of Object.values(hubs)) await admin.createUser(hub, account.user, account.password);
    // SoftEther writes its settings to disk only now and then, and a bench that kills its servers would lose them.
    if (this.name === 'softether') await admin.command('Flush');
  }

  /** Waits until the controller knows all its members. */
  complete(): Promise<void> {
    return this.#has(this.servers.length);
  }

  async #has(count: number): Promise<void> {
    const { admin } = this.controller;
    await until(`${count} members of ${this.name}`, joinTimeoutMs, async () => {
      const rows = await admin.rows('ClusterMemberList').catch(() => []);
      return rows.length > count;
    });
  }
}

/** The load client's one address stands for those of many clients. All hosts here have the same host name: `server.name`. */
const settings = ['maxUnauthenticated=4000', 'maxUnauthenticatedPerAddress=2000'].map((text) => `softether.${text}`);

/** Three servers on hosts of their own, not started. */
export function makeCluster(name: Cluster['name'], network: Network, weights: readonly number[]): Cluster {
  const servers = weights.map((weight, index) => {
    const host = network.host(`${name}-${index}`);
    return new ClusterServer(
      name === 'softether'
        ? new VpnServer(host, 'vpnserver', adminPassword)
        : new HubfarmServer(host, { password: adminPassword, settings: [`server.name=${name}-${index}`, ...settings] }),
      weight,
    );
  });
  return new Cluster(name, servers);
}
