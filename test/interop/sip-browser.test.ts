import { afterAll, beforeAll, describe, test } from 'vitest';
import { BrowserPhones } from './browser-phones.ts';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';

const domain = 'farm.test';
/** A second of speech. */
const packetsHeard = 50;

if (requirePeers(['ip', 'chromium'])) {
  describe('JsSIP in Chromium', () => {
    const network = useNetwork();
    const anna = { name: 'anna', domain, password: 'word-of-anna' };
    const ben = { name: 'ben', domain, password: 'word-of-ben' };
    let server: HubfarmServer;
    let phones: BrowserPhones;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), { settings: ['sip.wss=5063'] });
      phones = new BrowserPhones(network().host('browser'));
      await server.start();
      await provideAccounts(server, domain, [anna, ben]);
      await phones.start();
    });
    afterAll(() => phones.stop());

    test('registers, calls, is heard and hangs up over secure WebSocket', async () => {
      const url = `wss://${server.host.address}:5063/`;
      await phones.register(anna, url);
      await phones.register(ben, url);
      await phones.call(anna, `sip:ben@${domain}`);
      for (const user of [anna, ben]) {
        const isHeard = async (): Promise<boolean> => {
          const { hasSound, packets } = await phones.heard(user);
          return hasSound && packets >= packetsHeard;
        };
        await until(`a second of sound at ${user.name}`, 20_000, isHeard);
      }
      await phones.hangUp(ben);
    });
  });
}
