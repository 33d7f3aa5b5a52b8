import type { Host } from './namespaces.ts';
import { mustVpncmd, vpncmdRows } from './softether.ts';

/** A VPN server as its administrator sees it through the real vpncmd, run on the server's own host. */
export class ServerAdmin {
  readonly #host: Host;
  readonly #port: number;
  readonly #password: string;

  constructor(host: Host, port: number, password: string) {
    this.#host = host;
    this.#port = port;
    this.#password = password;
  }

  #target(hub?: string): string[] {
    const target = [`localhost:${this.#port}`, '/SERVER', `/PASSWORD:${this.#password}`];
    return hub === undefined ? target : [...target, `/ADMINHUB:${hub}`];
  }

  command(...words: string[]): Promise<string> {
    return mustVpncmd(this.#host, this.#target(), words);
  }

  hubCommand(hub: string, ...words: string[]): Promise<string> {
    return mustVpncmd(this.#host, this.#target(hub), words);
  }

  rows(...words: string[]): Promise<string[][]> {
    return vpncmdRows(this.#host, this.#target(), words);
  }

  hubRows(hub: string, ...words: string[]): Promise<string[][]> {
    return vpncmdRows(this.#host, this.#target(hub), words);
  }

  async createHub(hub: string): Promise<void> {
    await this.command('HubCreate', hub, '/PASSWORD:hub-word');
  }

  async createUser(hub: string, user: string, password: string): Promise<void> {
    await this.hubCommand(hub, 'UserCreate', user, '/GROUP:none', '/REALNAME:none', '/NOTE:none');
    await this.hubCommand(hub, 'UserPasswordSet', user, `/PASSWORD:${password}`);
  }
}
