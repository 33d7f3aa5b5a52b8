import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { TestAuthority } from './test-authority.ts';

const domain = 'farm.test';
const talkMs = 3000;
const heardSeconds = 1.5;

if (requirePeers(['ip', 'baresip', 'linphonec', 'openssl'])) {
  describe('telephones by TLS', () => {
    const network = useNetwork();
    const anna = { name: 'anna', domain, password: 'word-of-anna' };
    const ben = { name: 'ben', domain, password: 'word-of-ben' };
    let server: HubfarmServer;
    let authority: TestAuthority;
    let isTrusted = false;
    let phones = 0;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), { settings: ['sip.tls=["5061"]'] });
      await server.start();
      await provideAccounts(server, domain, [anna, ben]);
      authority = await TestAuthority.make(server.host, 'authority');
    });

    /** Gives the server a certificate of the authority, in place of the one that it has made itself. */
    async function useAuthority(): Promise<void> {
      if (isTrusted) return;
      isTrusted = true;
      const { address } = server.host;
      // linphone looks for addresses among the names.
      const names = [`IP:${address}`, `DNS:${address}`, `DNS:${domain}`];
      const { certificateFile, keyFile } = await authority.certificate({ names });
      await server.hubfarm('cert', 'set', certificateFile, keyFile);
    }

    /** Both are registered, talk, and hear each other. */
    async function talk(scheme: 'sip' | 'sips', authorities: string | undefined): Promise<void> {
      phones += 1;
      const trust = authorities === undefined ? {} : { authorities };
      const place = `${server.host.address}:5061;transport=tls`;
      const baresip = new Baresip(network().host(`bare-${phones}`), {
        // baresip 1.0 registers at no sips: address.
        ...{ server: `sip:${place}`, user: anna, toneHz: 440, ...trust },
      });
      const linphone = new Linphone(network().host(`lin-${phones}`), {
        ...{ server: place, scheme, user: ben, toneHz: 1000, ...trust },
      });
      try {
        await Promise.all([baresip.start(), linphone.start()]);
        await linphone.call(`${scheme}:anna@${domain}`);
        await new Promise((resolve) => setTimeout(resolve, talkMs));
        await linphone.hangUp();
        await baresip.callEnded();
      } catch (error) {
        const said = `baresip said: ${baresip.output}\nlinphone said: ${linphone.output}\nhubfarm: ${server.output.slice(-3000)}`;
        throw new Error(`${String(error)}\n${said}`, { cause: error });
      } finally {
        await Promise.all([baresip.stop(), linphone.stop()]);
      }
      expect(baresip.heardSeconds(1000)).toBeGreaterThan(heardSeconds);
      expect(linphone.heardSeconds(440)).toBeGreaterThan(heardSeconds);
    }

    test('that do not look at the certificate talk, with the one that the server has made itself', async () => {
      await talk('sip', undefined);
    });

    test('that look at it talk, with one of an authority that they trust', async () => {
      await useAuthority();
      await talk('sip', authority.file);
    });

    test('call sips: addresses, which lead over TLS all the way', async () => {
      await useAuthority();
      await talk('sips', authority.file);
    });

    test('openssl finds the certificate in order, and only TLS 1.2 and 1.3', async () => {
      await useAuthority();
      const client = network().host('openssl');
      const ask = async (...more: string[]): Promise<string> => {
        const args = ['s_client', '-connect', `${server.host.address}:5061`, '-CAfile', authority.file, ...more];
        const { stdout, stderr } = await client.run('openssl', args);
        return stdout + stderr;
      };
      expect(await ask('-verify_return_error', '-verify_ip', server.host.address)).toMatch(/Verify return code: 0/);
      expect(await ask('-tls1_2')).toMatch(/Protocol *: TLSv1\.2/);
      expect(await ask('-tls1_3')).toContain('TLSv1.3');
      expect(await ask('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).toMatch(/alert|no protocols|unsupported protocol/);
    });
  });
}
