import type { Host } from './namespaces.ts';
import { type DaemonKind, mustVpncmd, SoftEtherDaemon, vpncmdRows } from './softether.ts';

/** A real SoftEther VPN Server or VPN Bridge. */
export class VpnServer {
  readonly host: Host;
  readonly daemon: SoftEtherDaemon;
  readonly #password: string;
  readonly #port: number;
  #hasPassword = false;

  constructor(host: Host, kind: Extract<DaemonKind, 'vpnserver' | 'vpnbridge'> = 'vpnserver', password = 'admin-word') {
    this.host = host;
    this.daemon = new SoftEtherDaemon(kind, host);
    this.#password = password;
    this.#port = 5555;
  }

  /** Starts the daemon; the first time it also sets the administrator's password. */
  async start(): Promise<void> {
    await this.daemon.start();
    await this.host.listens(this.#port);
    if (this.#hasPassword) return;
    await mustVpncmd(this.host, [`localhost:${this.#port}`, '/SERVER'], ['ServerPasswordSet', this.#password]);
    this.#hasPassword = true;
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
  }

  #target(hub?: string): string[] {
    const target = [`localhost:${this.#port}`, '/SERVER', `/PASSWORD:${this.#password}`];
    return hub === undefined ? target : [...target, `/ADMINHUB:${hub}`];
  }

  command(...words: string[]): Promise<string> {
    return mustVpncmd(this.host, this.#target(), words);
  }

  hubCommand(hub: string, ...words: string[]): Promise<string> {
    return mustVpncmd(this.host, this.#target(hub), words);
  }

  rows(...words: string[]): Promise<string[][]> {
    return vpncmdRows(this.host, this.#target(), words);
  }

  hubRows(hub: string, ...words: string[]): Promise<string[][]> {
    return vpncmdRows(this.host, this.#target(hub), words);
  }

  async createHub(hub: string): Promise<void> {
    await this.command('HubCreate', hub, '/PASSWORD:hub-word');
  }

  async createUser(hub: string, user: string, password: string): Promise<void> {
    await this.hubCommand(hub, 'UserCreate', user, '/GROUP:none', '/REALNAME:none', '/NOTE:none');
    await this.hubCommand(hub, 'UserPasswordSet', user, `/PASSWORD:${password}`);
  }
}
