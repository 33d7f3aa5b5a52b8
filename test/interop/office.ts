import { HubfarmServer, type HubfarmOptions } from './hubfarm-server.ts';
import type { Host, Network } from './namespaces.ts';
import { VpnClient, type Account } from './vpn-client.ts';

export const hub = 'OFFICE';
export const passwordOf = (user: string): string => `word of ${user}`;

/** A real client with a user of its own name and an address in the hub's network. */
export interface Worker {
  readonly client: VpnClient;
  readonly host: Host;
  readonly user: string;
  /** Inside the Virtual Hub. */
  readonly address: string;
}

/** hubfarm with the hub OFFICE, and real SoftEther clients for its users. What most suites start from. */
export class Office {
  readonly server: HubfarmServer;
  readonly #network: Network;
  #workers = 0;

  constructor(network: Network, options: HubfarmOptions = {}) {
    this.#network = network;
    this.server = new HubfarmServer(network.host('server'), options);
  }

  async start(): Promise<void> {
    await this.server.start();
    await this.server.admin.createHub(hub);
  }

  /** A client daemon of its own for `user`, which gets an account on the server. */
  async hire(user: string): Promise<Worker> {
    this.#workers += 1;
    const client = new VpnClient(this.#network.host(user));
    const address = `192.168.7.${this.#workers}`;
    await client.start();
    await this.server.admin.createUser(hub, user, passwordOf(user));
    await client.host.configure(client.device, `${address}/24`);
    return { client, host: client.host, user, address };
  }

  /** An account of this worker on the server; `more` changes its defaults. */
  account({ user }: Worker, name: string, more: Partial<Account> = {}): Account {
    const server = `${this.server.host.address}:${this.server.port}`;
    return { name, server, hub, user, password: passwordOf(user), ...more };
  }

  /** Makes the account and connects it. */
  async connect(worker: Worker, name: string, more: Partial<Account> = {}): Promise<ReadonlyMap<string, string>> {
    await worker.client.createAccount(this.account(worker, name, more));
    return await worker.client.mustConnect(name);
  }

  /** User names of the sessions on the hub, as vpncmd lists them. */
  async sessions(): Promise<string[]> {
    const [heading = [], ...rows] = await this.server.admin.hubRows(hub, 'SessionList');
    return rows.map((row) => row[heading.indexOf('User Name')] ?? '');
  }
}
