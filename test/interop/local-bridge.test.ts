import { beforeAll, describe, expect, test } from 'vitest';
import { mustRun, until } from './command.ts';
import { type Host, useNetwork } from './namespaces.ts';
import { hub, Office, type Worker } from './office.ts';
import { requirePeers } from './peers.ts';

if (requirePeers(['vpnclient', 'vpncmd', 'ping', 'ip'])) {
  describe('local bridges of a hubfarm hub', () => {
    const network = useNetwork();
    let office: Office;
    let anna: Worker;
    /** A machine on a cable to the server's interface `lan0`. */
    let station: Host;

    /** Lays a cable between the server and `to`. */
    const cable = async (to: Host, device: string): Promise<void> => {
      const [from, other] = [office.server.host.namespace, to.namespace];
      await mustRun('ip', [
        ...['-n', from, 'link', 'add', device, 'type', 'veth'],
        ...['peer', 'name', device, 'netns', other],
      ]);
      await office.server.host.mustRun('ip', ['link', 'set', device, 'up']);
      await to.mustRun('ip', ['link', 'set', device, 'up']);
    };

    /** Rows of BridgeList as [device, status]. */
    const bridges = async (): Promise<[string, string][]> => {
      const [heading = [], ...rows] = await office.server.admin.rows('BridgeList');
      const column = (name: RegExp): number => heading.findIndex((title) => name.test(title));
      const [device, status] = [column(/Adapter|Device/), column(/Status/)];
      return rows.map((row) => [row[device] ?? '', row[status] ?? '']);
    };

    beforeAll(async () => {
      office = new Office(network());
      await office.start();
      anna = await office.hire('anna');
      await office.connect(anna, 'office');
      station = network().host('station');
      await cable(station, 'lan0');
      await station.configure('lan0', '192.168.7.50/24');
    });

    test('BridgeDeviceList of the real vpncmd names the interfaces', async () => {
      const devices = await office.server.admin.command('BridgeDeviceList');
      expect(devices).toMatch(/^eth0\b/m);
      expect(devices).toMatch(/^lan0\b/m);
      expect(devices).not.toMatch(/^lo\b/m);
    });

    test('join it to a new TAP of the server, and frames pass both ways', async () => {
      await office.server.admin.command('BridgeCreate', hub, '/DEVICE:own', '/TAP:yes');
      const { host } = office.server;
      await until('the TAP', 60_000, async () => (await host.run('ip', ['link', 'show', 'tap_own'])).code === 0);
      await host.configure('tap_own', '192.168.7.40/24');
      await anna.host.reaches('192.168.7.40');
      expect(await host.ping(anna.address, { count: 20, size: 1400 })).toMatchObject({ received: 20 });
    });

    test('join it to a physical interface: a machine on that cable is in the hub', async () => {
      await office.server.admin.command('BridgeCreate', hub, '/DEVICE:lan0', '/TAP:no');
      await anna.host.reaches('192.168.7.50');
      expect(await station.ping(anna.address, { count: 20, size: 1400 })).toMatchObject({ received: 20 });
      expect(await station.ping('192.168.7.40', { count: 5 })).toMatchObject({ received: 5 });
    });

    test('are listed as operating', async () => {
      expect((await bridges()).sort()).toEqual([
        ['lan0', 'Operating'],
        ['own', 'Operating'],
      ]);
    });

    test('are there again after a restart of the server', async () => {
      await office.server.stop();
      expect((await office.server.host.run('ip', ['link', 'show', 'tap_own'])).code).not.toBe(0);
      await office.server.start();
      await station.reaches(anna.address, 45_000);
    });

    test('come back when the cable does', async () => {
      await office.server.host.mustRun('ip', ['link', 'del', 'lan0']);
      await until('the bridge to be in trouble', 60_000, async () =>
        (await bridges()).some(([device, status]) => device === 'lan0' && status !== 'Operating'),
      );
      await cable(station, 'lan0');
      await station.configure('lan0', '192.168.7.50/24');
      await station.reaches(anna.address);
    });

    test('end with BridgeDelete', async () => {
      await office.server.admin.command('BridgeDelete', hub, '/DEVICE:lan0');
      await office.server.admin.command('BridgeDelete', hub, '/DEVICE:own');
      expect(await bridges()).toEqual([]);
      expect(await station.ping(anna.address, { count: 3 })).toMatchObject({ received: 0 });
      expect((await office.server.host.run('ip', ['link', 'show', 'tap_own'])).code).not.toBe(0);
    });

    test('to an interface that is not there say so, and wait for it', async () => {
      await office.server.admin.command('BridgeCreate', hub, '/DEVICE:nowhere', '/TAP:no');
      await until('the bridge to be tried', 60_000, async () => (await bridges()).length === 1);
      expect((await bridges())[0]?.[1]).not.toBe('Operating');
      await office.server.admin.command('BridgeDelete', hub, '/DEVICE:nowhere');
    });
  });
}
