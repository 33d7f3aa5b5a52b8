import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { iperf } from './iperf.ts';
import { useNetwork } from './namespaces.ts';
import { hub, Office, type Worker } from './office.ts';
import { requirePeers } from './peers.ts';
import type { Account } from './vpn-client.ts';

/** Ways in which a stock client may ask for its session. */
const manners: Readonly<Record<string, Partial<Account>>> = {
  'one TCP connection': {},
  '8 TCP connections': { maxTcp: 8 },
  'half duplex over 4 TCP connections': { maxTcp: 4, isHalfDuplex: true },
  compression: { isCompressed: true },
  'no encryption': { isUnencrypted: true },
  'no encryption over 4 TCP connections': { maxTcp: 4, isUnencrypted: true },
  "vpncmd's defaults: QoS and UDP acceleration asked for": { hasQos: true, hasUdpAcceleration: true },
  'no probes (/tcp)': {},
};

if (requirePeers(['vpnclient', 'vpncmd', 'iperf3', 'ping', 'ip'])) {
  describe('two real SoftEther clients on one hubfarm Virtual Hub', () => {
    const network = useNetwork();
    let office: Office;
    let anna: Worker;
    let ben: Worker;

    beforeAll(async () => {
      office = new Office(network());
      await office.start();
      [anna, ben] = await Promise.all([office.hire('anna'), office.hire('ben')]);
      await office.connect(ben, 'office');
    });

    test('are listed by the real vpncmd with their names', async () => {
      await office.connect(anna, 'office');
      const sessions = (await office.server.admin.hubRows(hub, 'SessionList')).flat();
      expect(sessions).toEqual(expect.arrayContaining(['anna', 'ben', 'SID-ANNA-2', 'SID-BEN-1']));
    });

    test('exchange frames of all sizes', async () => {
      await anna.host.reaches(ben.address);
      expect(await anna.host.ping(ben.address, { count: 50 })).toMatchObject({ sent: 50, received: 50 });
      expect(await ben.host.ping(anna.address, { count: 10, size: 1400 })).toMatchObject({ received: 10 });
      expect(await ben.host.ping(anna.address, { count: 10, size: 4000 })).toMatchObject({ received: 10 });
      await anna.client.disconnect('office');
      await until('anna to be gone', 1_500, async () => !(await office.sessions()).includes('anna'));
    });

    test.each(Object.entries(manners))('%s: ping and bulk data both ways', async (name, manner) => {
      const account = name.replaceAll(/\W/g, '');
      const tcp = name.includes('/tcp') ? { server: `${office.server.host.address}/tcp:443` } : {};
      await office.connect(anna, account, { ...manner, ...tcp });
      try {
        await anna.host.reaches(ben.address);
        expect(await anna.host.ping(ben.address, { count: 50 })).toMatchObject({ sent: 50, received: 50 });
        if (manner.maxTcp !== undefined) {
          const connections = (): Promise<string> =>
            anna.client.status(account).then((row) => row.get('Number of TCP Connections') ?? '');
          await until('all TCP connections', 60_000, async () => Number(await connections()) === manner.maxTcp);
        }
        const there = await iperf(anna.host, ben.host, ben.address, { seconds: 1 });
        const back = await iperf(ben.host, anna.host, anna.address, { seconds: 1 });
        expect(Math.min(there.bitsPerSecond, back.bitsPerSecond)).toBeGreaterThan(1e6);
        const status = await anna.client.status(account);
        expect(status.get('Encryption')).toMatch(manner.isUnencrypted === true ? /^Disabled/ : /^Enabled/);
        expect(status.get('Use of Compression')).toMatch(manner.isCompressed === true ? /^Yes/ : /^No/);
      } finally {
        await anna.client.disconnect(account);
      }
      await until('the session to be gone', 1_500, async () => !(await office.sessions()).includes('anna'));
    });
  });
}
