import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';

const domain = 'farm.test';
const talkMs = 3000;
/** Of that, at least so much must be heard: both take a moment to begin. */
const heardSeconds = 1.5;

if (requirePeers(['ip', 'baresip', 'linphonec'])) {
  describe('two real telephones on one hubfarm SIP server', () => {
    const network = useNetwork();
    const anna = { name: 'anna', domain, password: 'word-of-anna' };
    const ben = { name: 'ben', domain, password: 'word-of-ben' };
    let server: HubfarmServer;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'));
      await server.start();
      await provideAccounts(server, domain, [anna, ben]);
    });

    /** `urn:uuid:…` of the only telephone of the account. */
    async function instanceOf(user: string): Promise<string> {
      const listed = await server.hubfarm('sip', 'registrations', `${user}@${domain}`, '--json');
      return /"instance": *"<(urn:uuid:[^>]+)>"/.exec(listed)?.[1] ?? '';
    }

    test.each([
      ['UDP', ''],
      ['TCP', ';transport=tcp'],
    ])('talk over %s, and each hears the other', async (name, parameter) => {
      const [bare, lin] = [network().host(`bare-${name}`), network().host(`lin-${name}`)];
      const address = `${server.host.address}:5060${parameter}`;
      const baresip = new Baresip(bare, { server: `sip:${address}`, user: anna, toneHz: 440 });
      const linphone = new Linphone(lin, { server: address, user: ben, toneHz: 1000 });
      try {
        await Promise.all([baresip.start(), linphone.start()]);
        await linphone.call(`sip:anna@${domain}`);
        await new Promise((resolve) => setTimeout(resolve, talkMs));
        await linphone.hangUp();
        await baresip.callEnded();
      } catch (error) {
        throw new Error(`${String(error)}\nbaresip said: ${baresip.output}`, { cause: error });
      } finally {
        await Promise.all([baresip.stop(), linphone.stop()]);
      }
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });

    test('talk when the other one calls, this very telephone by its GRUU (RFC 5627), which is its Contact in the call', async () => {
      const linphone = new Linphone(network().host('lin'), {
        ...{ server: `${server.host.address}:5060`, user: ben, toneHz: 1000, answersByItself: true },
      });
      const options = { server: `sip:${server.host.address}:5060`, user: anna, toneHz: 440 };
      const baresip = new Baresip(network().host('bare'), options);
      try {
        await linphone.start();
        const gruu = `sip:ben@${domain};gr=${await instanceOf(ben.name)}`;
        await baresip.start(gruu);
        await baresip.answered();
        expect(baresip.output).toContain(`Contact: <${gruu}>`);
        await new Promise((resolve) => setTimeout(resolve, talkMs));
        await baresip.stop();
        // The BYE has come to it, by that name too.
        await linphone.says(/Call \d+ with .* ended/);
      } finally {
        await baresip.stop();
        await linphone.stop();
      }
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    });
  });
}
