import { FarmServers } from '../../test/interop/farm-servers.ts';
import type { Host } from '../../test/interop/namespaces.ts';
import { provideAccounts } from '../../test/interop/sip-server.ts';
import type { SipUser } from '../../test/interop/sipp.ts';

const probeEveryMs = 250;

/** Three servers behind a balancer that hands each datagram to the next one, and asks them whether they live. */
export class HubfarmFarm {
  readonly #farm: FarmServers;

  constructor(host: (name: string) => Host) {
    this.#farm = new FarmServers(host, ['sip.trusted=10.77.0.0/24']);
  }

  get address(): string {
    return this.#farm.address;
  }

  get pids(): readonly number[] {
    return this.#farm.servers.map(({ pid }) => pid);
  }

  async start(domain: string, users: readonly SipUser[]): Promise<void> {
    await this.#farm.start();
    await provideAccounts(this.#farm.first, domain, users);
  }

  /**
   * SIGKILL to the last of the servers; the balancer leaves it out when it does not answer OPTIONS any more. The function that
   * is returned starts it again.
   */
  async loseOne(): Promise<() => Promise<void>> {
    const { servers } = this.#farm;
    const last = servers.at(-1)!;
    await last.kill();
    while (await this.#answers(last.host)) await new Promise((resolve) => setTimeout(resolve, probeEveryMs));
    await this.#farm.balance(servers.slice(0, -1));
    return async () => {
      await last.start();
      await this.#farm.balance(servers);
    };
  }

  /** A health check as balancers do it. */
  async #answers({ address }: Host): Promise<boolean> {
    const asked = this.#farm.balancer.run('sipsak', ['-s', `sip:${address}:5060`], { timeoutMs: 1_000 });
    return (await asked.catch(() => undefined))?.code === 0;
  }
}
