import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork } from './namespaces.ts';
import { Home } from './nat.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';

const domain = 'farm.test';
/** Twice as long as the router remembers UDP. */
const silenceMs = 60_000;
const talkMs = 2500;
const heardSeconds = 1;

if (requirePeers(['ip', 'nft', 'baresip', 'linphonec'])) {
  describe('telephones behind a NAT', () => {
    const network = useNetwork();
    const [anna, ben, carl] = ['anna', 'ben', 'carl'].map((name) => ({ name, domain, password: `word-of-${name}` }));
    let server: HubfarmServer;
    let home: Home;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'));
      await server.start();
      await provideAccounts(server, domain, [anna!, ben!, carl!]);
      home = await Home.build(network());
    });

    const phoneOf = async (user: typeof anna, transport: string, parameters: readonly string[]): Promise<Baresip> =>
      new Baresip(await home.host(`inside-${user!.name}`), {
        ...{ server: `sip:${server.host.address}:5060${transport}`, user: user!, toneHz: 440, parameters },
      });

    test('are called after a minute of silence: by UDP, kept open by pings, and by an outbound flow over TCP', async () => {
      const inside = [await phoneOf(anna, '', []), await phoneOf(ben, ';transport=tcp', ['sipnat=outbound'])];
      const linphone = new Linphone(network().host('outside'), {
        ...{ server: `${server.host.address}:5060`, user: carl!, toneHz: 1000 },
      });
      try {
        await Promise.all([linphone.start(), ...inside.map((phone) => phone.start())]);
        await new Promise((resolve) => setTimeout(resolve, silenceMs));
        for (const user of [anna, ben]) {
          await linphone.call(`sip:${user!.name}@${domain}`);
          await new Promise((resolve) => setTimeout(resolve, talkMs));
          await linphone.hangUp();
        }
        await Promise.all(inside.map((phone) => phone.callEnded()));
      } catch (error) {
        const said = inside.map((phone) => phone.output).join('\n----\n');
        throw new Error(`${String(error)}\nbaresip said: ${said}\nhubfarm: ${server.output.slice(-2000)}`, {
          cause: error,
        });
      } finally {
        await Promise.all([linphone.stop(), ...inside.map((phone) => phone.stop())]);
      }
      // The way back is the media relay's.
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });
  });
}
