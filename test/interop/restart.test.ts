import { beforeAll, describe, expect, test } from 'vitest';
import { useNetwork } from './namespaces.ts';
import { hub, Office, type Worker } from './office.ts';
import { requirePeers } from './peers.ts';

if (requirePeers(['vpnclient', 'vpncmd', 'ping', 'ip'])) {
  describe('real SoftEther clients whose server goes away', () => {
    const network = useNetwork();
    let office: Office;
    let anna: Worker;
    let ben: Worker;

    beforeAll(async () => {
      office = new Office(network());
      await office.start();
      [anna, ben] = await Promise.all([office.hire('anna'), office.hire('ben')]);
      await Promise.all([office.connect(anna, 'office'), office.connect(ben, 'office')]);
      await anna.host.reaches(ben.address);
    });

    test('come back by themselves after a restart in order, and data flows again', async () => {
      const users = await office.server.admin.hubRows(hub, 'UserList');
      await office.server.stop();
      await office.server.start();
      await anna.host.reaches(ben.address, 45_000);
      expect((await office.server.admin.hubRows(hub, 'UserList')).length).toBe(users.length);
    });

    test('come back by themselves after kill -9 too, which no other server heals them from', async () => {
      // The stock client keeps a stale TLS error for ever after an unclean end; renegotiation clears it.
      for (let round = 1; round <= 3; round++) {
        await office.server.kill();
        await office.server.start();
        const ms = await anna.host.reaches(ben.address, 60_000);
        console.log(`data flows ${(ms / 1000).toFixed(1)} s after the start`);
        expect(await anna.host.ping(ben.address, { count: 20 })).toMatchObject({ received: 20 });
      }
    });
  });
}
