import type { Host } from './namespaces.ts';
import { ServerAdmin } from './server-admin.ts';
import { type DaemonKind, mustVpncmd, SoftEtherDaemon } from './softether.ts';

const port = 5555;

/** A real SoftEther VPN Server or VPN Bridge. */
export class VpnServer {
  readonly host: Host;
  readonly daemon: SoftEtherDaemon;
  readonly admin: ServerAdmin;
  readonly #password: string;
  #hasPassword = false;

  constructor(host: Host, kind: Extract<DaemonKind, 'vpnserver' | 'vpnbridge'> = 'vpnserver', password = 'admin-word') {
    this.host = host;
    this.daemon = new SoftEtherDaemon(kind, host);
    this.admin = new ServerAdmin(host, port, password);
    this.#password = password;
  }

  /** Starts the daemon; the first time it also sets the administrator's password. */
  async start(): Promise<void> {
    await this.daemon.start();
    await this.host.listens(port);
    if (this.#hasPassword) return;
    await mustVpncmd(this.host, [`localhost:${port}`, '/SERVER'], ['ServerPasswordSet', this.#password]);
    this.#hasPassword = true;
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
  }
}
