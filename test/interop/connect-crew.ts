import { HubfarmConnect } from './hubfarm-connect.ts';
import type { Host } from './namespaces.ts';
import { passwordOf } from './office.ts';

export interface CrewWish {
  readonly hub: string;
  readonly user: string;
  /** Further words of the command line. */
  readonly words?: readonly string[];
}

/** Every `hubfarm connect` of a suite, so that none outlives its test. They come to one server, which may send them on. */
export class ConnectCrew {
  readonly #server: () => string;
  #running: HubfarmConnect[] = [];

  /** `server`: its address, which is known once the suite has begun. */
  constructor(server: () => string) {
    this.#server = server;
  }

  connect(host: Host, { hub, user, words = [] }: CrewWish): HubfarmConnect {
    const all = ['--password', passwordOf(user), '--insecure', ...words];
    const client = new HubfarmConnect(host, { server: this.#server(), hub, user, words: all });
    this.#running.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#running.splice(0)) if (client.exitCode === undefined) await client.stop();
  }
}

/** Address of the server to which the client was sent the last time; empty = it was not. */
export const sentTo = (client: HubfarmConnect): string =>
  [...client.output.matchAll(/sent on to ([\d.]+):443/g)].at(-1)?.[1] ?? '';
