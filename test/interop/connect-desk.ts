import { afterEach, beforeAll } from 'vitest';
import { HubfarmConnect, type ConnectWish } from './hubfarm-connect.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host, type Network } from './namespaces.ts';
import { hub, passwordOf } from './office.ts';
import { VpnServer } from './vpn-server.ts';

/** The server in the tests' middle, whichever it is. */
export interface AnyServer {
  readonly host: Host;
  readonly admin: VpnServer['admin'];
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL, as in a crash. */
  kill(): Promise<void>;
  /** Of the process that serves. */
  readonly pid: number;
}

function realServer(host: Host): AnyServer {
  const server = new VpnServer(host);
  return {
    host,
    admin: server.admin,
    start: () => server.start(),
    stop: () => server.stop(),
    kill: () => server.daemon.kill(),
    get pid() {
      return server.daemon.pid;
    },
  };
}

/** Name → how one is made: `hubfarm connect` is tried with each. */
export const servers: Readonly<Record<string, (host: Host) => AnyServer>> = {
  'the real vpnserver': realServer,
  hubfarm: (host) => new HubfarmServer(host),
};

export const annasAddress = '192.168.7.1';
export const withPassword: readonly string[] = ['--password', passwordOf('anna'), '--insecure'];

/** A server with the hub OFFICE and users, and machines from which `hubfarm connect` goes to it. */
export class ConnectDesk {
  readonly server: AnyServer;
  readonly anna: Host;
  #running: HubfarmConnect[] = [];

  constructor(network: Network, make: (host: Host) => AnyServer) {
    this.server = make(network.host('server'));
    this.anna = network.host('anna');
  }

  async start(): Promise<void> {
    const { admin } = this.server;
    await this.server.start();
    await admin.createHub(hub);
    for (const user of ['anna', 'ben', 'carol']) await admin.createUser(hub, user, passwordOf(user));
  }

  wish(...words: string[]): ConnectWish {
    return { server: this.server.host.address, hub, user: 'anna', words };
  }

  connect(wish: ConnectWish, host = this.anna): HubfarmConnect {
    const made = new HubfarmConnect(host, wish);
    this.#running.push(made);
    return made;
  }

  /** User names of the sessions on the hub, as vpncmd lists them. */
  async users(): Promise<string[]> {
    const [heading = [], ...rows] = await this.server.admin.hubRows(hub, 'SessionList');
    return rows.map((row) => row[heading.indexOf('User Name')] ?? '');
  }

  /** Ends every `hubfarm connect` that still runs. */
  async leave(): Promise<void> {
    await Promise.all(
      this.#running
        .splice(0)
        .filter(({ exitCode }) => exitCode === undefined)
        .map((each) => each.stop()),
    );
  }
}

/** A desk for the suite, started before its tests; after each of them nobody is connected any more. */
export function useConnectDesk(make: (host: Host) => AnyServer): {
  readonly network: () => Network;
  readonly desk: () => ConnectDesk;
} {
  const network = useNetwork();
  let desk: ConnectDesk | undefined;
  beforeAll(async () => {
    desk = new ConnectDesk(network(), make);
    await desk.start();
  });
  afterEach(() => desk?.leave());
  return {
    network,
    desk: () => {
      if (desk === undefined) throw new Error('the desk is there only while tests run');
      return desk;
    },
  };
}
