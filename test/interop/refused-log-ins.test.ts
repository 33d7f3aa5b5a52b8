import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { useNetwork } from './namespaces.ts';
import { hub, Office, type Worker } from './office.ts';
import { requirePeers } from './peers.ts';

if (requirePeers(['vpnclient', 'vpncmd', 'ping', 'ip'])) {
  describe('a real SoftEther client that must not come in', () => {
    const network = useNetwork();
    let office: Office;
    let anna: Worker;

    beforeAll(async () => {
      office = new Office(network());
      await office.start();
      anna = await office.hire('anna');
    });

    beforeEach(() => office.server.hubfarm('ban', 'lift', anna.host.address).catch(() => ''));

    test('is told of a wrong password (code 9)', async () => {
      await anna.client.createAccount({ ...office.account(anna, 'wrong'), password: 'not it' });
      await anna.client.connect('wrong');
      await anna.client.waitLogged(/User authentication failed\.? \(code 9\)/i);
      expect(await office.sessions()).toEqual([]);
      await anna.client.disconnect('wrong');
    });

    test('is told of a hub that is not there (code 8)', async () => {
      await anna.client.createAccount({ ...office.account(anna, 'nohub'), hub: 'NOWHERE' });
      await anna.client.connect('nohub');
      await anna.client.waitLogged(/\(code 8\)/);
      await anna.client.disconnect('nohub');
    });

    test('is told of a hub that is offline (code 10), and comes in when it is online again', async () => {
      await office.server.admin.hubCommand(hub, 'Offline');
      await anna.client.createAccount(office.account(anna, 'offline'));
      await anna.client.connect('offline');
      await anna.client.waitLogged(/\(code 10\)/);
      await office.server.admin.hubCommand(hub, 'Online');
      // After code 10 the stock client waits a minute, whatever its retry interval: ask it again.
      await anna.client.disconnect('offline');
      await anna.client.mustConnect('offline');
      await anna.client.disconnect('offline');
    });

    test('of an expired user is denied access (code 12)', async () => {
      await office.server.admin.hubCommand(hub, 'UserExpiresSet', 'anna', '/EXPIRES:2020/01/01 00:00:00');
      await anna.client.createAccount(office.account(anna, 'expired'));
      await anna.client.connect('expired');
      await anna.client.waitLogged(/\(code 12\)/);
      await anna.client.disconnect('expired');
      await office.server.admin.hubCommand(hub, 'UserExpiresSet', 'anna', '/EXPIRES:none');
    });

    test('loses its session when its hub goes offline, at once', async () => {
      await office.connect(anna, 'online');
      await office.server.admin.hubCommand(hub, 'Offline');
      await until('the session to end', 1_500, async () => (await office.sessions()).length === 0);
      await office.server.admin.hubCommand(hub, 'Online');
      // It may have come back in between, to a hub that is offline, and waits a minute then: ask it again.
      await anna.client.disconnect('online');
      await anna.client.mustConnect('online');
    });

    test('that an administrator disconnects is out at once, and comes back by itself', async () => {
      await until('the session', 30_000, async () => (await office.sessions()).includes('anna'));
      const [, first] = await office.server.admin.hubRows(hub, 'SessionList');
      const name = first?.[0] ?? '';
      await office.server.admin.hubCommand(hub, 'SessionDisconnect', name);
      expect((await office.server.admin.hubRows(hub, 'SessionList')).flat()).not.toContain(name);
      await until('a new session', 30_000, async () => (await office.sessions()).includes('anna'));
    });
  });
}
