import { until } from './command.ts';
import type { Host } from './namespaces.ts';
import type { ServerAdmin } from './server-admin.ts';

/** A server of either make, as far as a cluster needs it. */
export interface ClusterServer {
  readonly host: Host;
  readonly admin: ServerAdmin;
  start(): Promise<void>;
}

export interface ServerClusterOptions {
  /** Of the controller's administrator. */
  readonly password: string;
  /** "Controller functions only". */
  readonly isControllerOnly?: boolean;
  /** The controller's, then the members'; absent = 100 each. */
  readonly weights?: readonly number[];
}

/** A cluster that the real vpncmd makes: `ClusterSettingController` on one server, `ClusterSettingMember` on the others. */
export class ServerCluster<Server extends ClusterServer> {
  readonly controller: Server;
  readonly members: readonly Server[];
  readonly #options: ServerClusterOptions;

  constructor(controller: Server, members: readonly Server[], options: ServerClusterOptions) {
    this.controller = controller;
    this.members = members;
    this.#options = options;
  }

  async start(): Promise<void> {
    await Promise.all([this.controller, ...this.members].map((server) => server.start()));
    const only = (this.#options.isControllerOnly ?? false) ? 'yes' : 'no';
    await this.controller.admin.command('ClusterSettingController', `/WEIGHT:${this.#weight(0)}`, `/ONLY:${only}`);
    // A server that changes its part restarts its services.
    await until('the controller to be one', 60_000, async () => (await this.#rows().catch(() => [])).length > 1);
    for (const [index, { admin, host }] of this.members.entries()) {
      await admin.command(
        ...['ClusterSettingMember', `${this.controller.host.address}:443`, `/IP:${host.address}`, '/PORTS:443'],
        ...[`/PASSWORD:${this.#options.password}`, `/WEIGHT:${this.#weight(index + 1)}`],
      );
    }
    await this.joined();
  }

  async joined(timeoutMs = 60_000): Promise<void> {
    const all = this.members.length + 1;
    await until('all members', timeoutMs, async () => (await this.#rows().catch(() => [])).length > all);
  }

  /** Any of its servers, the controller too. */
  at(address: string): Server {
    const found = [this.controller, ...this.members].find(({ host }) => host.address === address);
    if (found === undefined) throw new Error(`no server of the cluster has the address ${address}`);
    return found;
  }

  #weight(index: number): number {
    return this.#options.weights?.[index] ?? 100;
  }

  #rows(): Promise<string[][]> {
    return this.controller.admin.rows('ClusterMemberList');
  }
}
