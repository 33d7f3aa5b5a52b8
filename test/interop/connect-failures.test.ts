import { beforeAll, describe, test } from 'vitest';
import { annasAddress, servers, useConnectDesk, withPassword, type AnyServer } from './connect-desk.ts';
import type { HubfarmConnect } from './hubfarm-connect.ts';
import type { Host } from './namespaces.ts';
import { passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { signal } from './process.ts';

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

if (requirePeers(['vpnserver', 'vpncmd', 'ping', 'ip'])) {
  describe.each(Object.entries(servers))('hubfarm connect when %s goes away', (kind, make) => {
    const { network, desk } = useConnectDesk(make);
    let server: AnyServer;
    let anna: Host;
    let other: Host;

    beforeAll(() => {
      ({ server, anna } = desk());
      other = network().host('other');
    });

    const peersAddress = '192.168.7.3';
    let client: HubfarmConnect;
    let peer: HubfarmConnect;
    let lost: number;

    /** Two of our clients: stock ones that have seen a server die may never come back to one that is not hubfarm. */
    const start = async (): Promise<void> => {
      client = desk().connect(desk().wish(...withPassword, '--address', `${annasAddress}/24`));
      const words = ['--password', passwordOf('ben'), '--insecure', '--address', `${peersAddress}/24`];
      peer = desk().connect({ ...desk().wish(...words), user: 'ben' }, other);
      await Promise.all([client.connected(), peer.connected()]);
      await anna.reaches(peersAddress);
      lost = 0;
    };
    /** The goals are a second, 5 s and 13 s, on a machine that does nothing else; a busy one needs longer. */
    const noticed = (timeoutMs: number): Promise<number> => client.said(/connection lost/, ++lost, timeoutMs);
    const back = async (timeoutMs: number): Promise<number> => {
      const ms = await client.connected(lost + 1, timeoutMs);
      await anna.reaches(peersAddress, timeoutMs);
      return ms;
    };

    beforeAll(async () => {
      // the original writes its configuration down now and then only
      if (kind !== 'hubfarm') await server.admin.command('Flush');
    });

    test('kill -9: noticed at once, back soon after the restart', async () => {
      await start();
      await server.kill();
      const noticedMs = await noticed(20_000);
      await server.start();
      const backMs = await back(90_000);
      console.log(`${kind}, kill -9: noticed ${seconds(noticedMs)} s, back ${seconds(backMs)} s after the restart`);
    });

    test('stopped in order: noticed at once, back soon after the restart', async () => {
      await start();
      await server.stop();
      const noticedMs = await noticed(20_000);
      await server.start();
      const backMs = await back(90_000);
      console.log(`${kind}, stop: noticed ${seconds(noticedMs)} s, back ${seconds(backMs)} s after the restart`);
    });

    test.each([
      ['while data flows', true, 30_000],
      ['while nothing flows', false, 45_000],
    ])('frozen (SIGSTOP) %s: noticed in seconds, back when it goes on', async (when, isBusy, limitMs) => {
      await start();
      const traffic = isBusy ? anna.start('ping', ['-i', '0.5', peersAddress]) : undefined;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const { pid } = server;
      signal(pid, 'SIGSTOP');
      try {
        const noticedMs = await noticed(limitMs);
        console.log(`${kind}, SIGSTOP ${when}: noticed ${seconds(noticedMs)} s`);
      } finally {
        signal(pid, 'SIGCONT');
        await traffic?.kill();
      }
      await back(90_000);
    });

    test('cut off (cable): noticed in seconds, back when it is mended', async () => {
      await start();
      await server.host.plugged(false);
      const noticedMs = await noticed(40_000);
      await server.host.plugged(true);
      const backMs = await back(90_000);
      console.log(`${kind}, cable: noticed ${seconds(noticedMs)} s, back ${seconds(backMs)} s after it was mended`);
    });
  });
}
