import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import { until, type CommandResult } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import type { Network } from './namespaces.ts';

const launcher = resolve(import.meta.dirname, '../../bin/hubfarm.cjs');
/** Of the administrator, on each of its servers. */
export const clusterPassword = 'cluster-word';
const minute = 60_000;

export interface ServerRow {
  readonly server: string;
  readonly state: string;
  readonly role: string;
  readonly engine: string;
  readonly sessions: number;
}

/** Of two servers the second one has a copy without a vote. */
const votersOf = (servers: number): number => (servers < 3 ? 1 : 3);

/** A cluster that `hubfarm cluster init` and `join` make; the first server begins as its controller. */
export class CliCluster {
  readonly servers: readonly HubfarmServer[];

  /** Names, each with further settings of that server. */
  constructor(network: Network, names: Readonly<Record<string, readonly string[]>>) {
    this.servers = Object.entries(names).map(
      ([name, settings]) =>
        new HubfarmServer(network.host(name), {
          password: clusterPassword,
          settings: [`server.name=${name}`, ...settings],
        }),
    );
  }

  get controller(): HubfarmServer {
    return this.servers[0]!;
  }

  /** Resolves when the engine is complete: any one of three may be lost then. */
  async start(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.start()));
    await this.mustRun(this.controller, 'init');
    const file = join(this.controller.host.folder, 'password');
    writeFileSync(file, `${clusterPassword}\n`, { mode: 0o600 });
    for (const server of this.servers.slice(1)) {
      await this.mustRun(server, 'join', this.controller.host.address, '--password-file', file);
    }
    await this.complete();
  }

  /** Waits until all run, and the engine has the votes that it shall have. */
  complete(at: HubfarmServer = this.controller): Promise<unknown> {
    return this.status('a complete cluster', at, (rows) => {
      const voters = rows.filter(({ engine }) => engine === 'voter').length;
      const isOnline = rows.length === this.servers.length && rows.every(({ state }) => state === 'online');
      return isOnline && voters === votersOf(rows.length);
    });
  }

  /** Waits until what a server knows of the cluster is so. */
  status(
    what: string,
    at: HubfarmServer,
    isSo: (rows: readonly ServerRow[]) => boolean,
  ): Promise<readonly ServerRow[]> {
    let last = '';
    const ask = async (): Promise<readonly ServerRow[] | undefined> => {
      const { code, stdout, stderr } = await this.run(at, 'status', '--json');
      last = stdout + stderr;
      if (code !== 0) return undefined;
      const { servers } = JSON.parse(stdout) as { readonly servers: readonly ServerRow[] };
      return isSo(servers) ? servers : undefined;
    };
    return until(what, 2 * minute, ask, () => last);
  }

  /** `hubfarm cluster …` on the server's own host. */
  run(server: HubfarmServer, ...words: string[]): Promise<CommandResult> {
    const args = [launcher, 'cluster', ...words, '--data-dir', server.dataDirectory];
    return server.host.run(execPath, args, { timeoutMs: 3 * minute });
  }

  async mustRun(server: HubfarmServer, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(server, ...words);
    if (code !== 0) throw new Error(`hubfarm cluster ${words.join(' ')}: exit code ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  nameOf(server: HubfarmServer): string {
    return server.host.namespace.split('-').at(-1) ?? '';
  }

  at(address: string): HubfarmServer {
    const found = this.servers.find(({ host }) => host.address === address);
    if (found === undefined) throw new Error(`no server of the cluster has the address ${address}`);
    return found;
  }
}
