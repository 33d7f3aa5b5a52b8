import { join } from 'node:path';
import { execPath } from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { Baresip } from './baresip.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { Linphone } from './linphone.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, sipUsers, writeUsers } from './sipp.ts';
import { TestAuthority } from './test-authority.ts';

const domain = 'farm.test';
const talkMs = 3000;
const heardSeconds = 1.5;

const tunnelProgram = join(import.meta.dirname, 'tls-tunnel.ts');
const calls = 20;
/** Those who are called, and those who are called in vain. */
const users = sipUsers(2 * calls, domain);

if (requirePeers(['ip', 'sipp', 'baresip', 'linphonec', 'openssl'])) {
  describe('telephones by TLS', () => {
    const network = useNetwork();
    const anna = { name: 'anna', domain, password: 'word-of-anna' };
    const ben = { name: 'ben', domain, password: 'word-of-ben' };
    let server: HubfarmServer;
    let authority: TestAuthority;
    let isTrusted = false;
    let phones = 0;

    beforeAll(async () => {
      server = new HubfarmServer(network().host('hubfarm'), {
        // A telephone that is called by TLS at its address shows a certificate that is its own.
        settings: ['sip.tls=["5061"]', 'sip.trusted=["10.77.0.0/24"]', 'sip.verifyServers=false'],
      });
      await server.start();
      await provideAccounts(server, domain, [anna, ben, ...users]);
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

    test('SIPp registers, calls, cancels and is called by TLS, in a connection that it opens and in one that it takes', async () => {
      const [callers, callees] = [network().host('callers'), network().host('callees')];
      const tunnel = async (host: Host, ...words: string[]): Promise<void> => {
        host.start(execPath, [tunnelProgram, ...words]);
        await host.receives('tcp', Number(words[1]!.split(':')[1]));
      };
      const { certificateFile, keyFile } = await authority.certificate({ names: [`IP:${callees.address}`] });
      const target = `${callers.address}:5070`;
      await Promise.all([
        tunnel(callers, 'outward', target, `${server.host.address}:5061`),
        ...[6000, 6002].map((port) => {
          const inside = `${callees.address}:${port + 1}`;
          return tunnel(callees, 'inward', `${callees.address}:${port}`, inside, certificateFile, keyFile);
        }),
      ]);
      const all = { transport: 'tls', calls } as const;
      for (const [at, caller, callee] of [
        [0, 'caller', 'callee'],
        [1, 'cancelling-caller', 'cancelled-callee'],
      ] as const) {
        const shownPort = 6000 + 2 * at;
        const file = writeUsers(callers, users.slice(at * calls, (at + 1) * calls));
        const keys = { contact: `${callees.address}:${shownPort};transport=tls` };
        const run = { ...all, target, users: file, rate: 20, holdMs: 100 };
        await new Sipp(callers, { ...run, scenario: 'register', port: 7000 + 4 * at, keys }).succeeds();
        const called = new Sipp(callees, { ...all, scenario: callee, port: shownPort + 1, shownPort });
        await callees.receives('tcp', shownPort + 1);
        const calling = new Sipp(callers, { ...run, scenario: caller, port: 7002 + 4 * at });
        expect(await calling.succeeds()).toMatchObject({ successful: calls, failed: 0 });
        expect(await called.succeeds()).toMatchObject({ successful: calls, failed: 0 });
      }
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
