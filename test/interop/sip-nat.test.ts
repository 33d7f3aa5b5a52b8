import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { Home } from './nat.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, writeUsers } from './sipp.ts';

const domain = 'farm.test';
/** Twice as long as the router remembers UDP. */
const silenceMs = 60_000;
const talkMs = 2500;
const heardSeconds = 1;

if (requirePeers(['ip', 'nft', 'sipp', 'baresip', 'linphonec'])) {
  describe('telephones behind a NAT', () => {
    const network = useNetwork();
    const [anna, ben, carl, dora] = ['anna', 'ben', 'carl', 'dora'].map((name) => ({
      name,
      domain,
      password: `word-of-${name}`,
    }));
    let server: HubfarmServer;
    /** As the other one, but that it pings nobody. */
    let silent: HubfarmServer;
    let home: Home;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'));
      silent = new HubfarmServer(network().host('silent'), {
        settings: ['sip.natPing=none', 'sip.trusted=["10.77.0.0/24"]'],
      });
      await Promise.all(
        [server, silent].map(async (one) => {
          await one.start();
          await provideAccounts(one, domain, [anna!, ben!, carl!, dora!]);
        }),
      );
      home = await Home.build(network());
    });

    const phoneOf = async (
      user: typeof anna,
      transport: string,
      parameters: readonly string[],
      { host: { address } } = server,
    ): Promise<Baresip> =>
      new Baresip(await home.host(`inside-${user!.name}`), {
        ...{ server: `sip:${address}:5060${transport}`, user: user!, toneHz: 440, parameters },
      });

    /** The answer of the telephone that `dora` has registered at the server which pings nobody, if it comes there. */
    async function reaches(outside: Host, port: number): Promise<boolean> {
      const users = writeUsers(outside, [dora!]);
      const target = `${silent.host.address}:5060`;
      const asking = new Sipp(outside, { scenario: 'options-user', target, port, calls: 1, users, timeoutMs: 30_000 });
      return (await asking.ended()).successful === 1;
    }

    test('are called after a minute of silence: by UDP, kept open by pings, without which they are not reached, and by an outbound flow over TCP', async () => {
      const inside = [await phoneOf(anna, '', []), await phoneOf(ben, ';transport=tcp', ['sipnat=outbound'])];
      const unpinged = await phoneOf(dora, '', [], silent);
      const asker = network().host('asker');
      const linphone = new Linphone(network().host('outside'), {
        ...{ server: `${server.host.address}:5060`, user: carl!, toneHz: 1000 },
      });
      try {
        await Promise.all([linphone.start(), unpinged.start(), ...inside.map((phone) => phone.start())]);
        expect(await reaches(asker, 7000)).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, silenceMs));
        for (const user of [anna, ben]) {
          await linphone.call(`sip:${user!.name}@${domain}`);
          await new Promise((resolve) => setTimeout(resolve, talkMs));
          await linphone.hangUp();
        }
        await Promise.all(inside.map((phone) => phone.callEnded()));
        // What this proves: without pings the router has forgotten the way in by now.
        expect(await reaches(asker, 7002)).toBe(false);
      } catch (error) {
        const said = inside.map((phone) => phone.output).join('\n----\n');
        throw new Error(`${String(error)}\nbaresip said: ${said}\nhubfarm: ${server.output.slice(-2000)}`, {
          cause: error,
        });
      } finally {
        await Promise.all([linphone.stop(), unpinged.stop(), ...inside.map((phone) => phone.stop())]);
      }
      // The way back is the media relay's.
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });
  });
}
