import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from './command.ts';
import { annasAddress, servers, useConnectDesk, withPassword, type AnyServer } from './connect-desk.ts';
import { HubfarmConnect } from './hubfarm-connect.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { iperf } from './iperf.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { hub, passwordOf } from './office.ts';
import { requirePeers } from './peers.ts';
import { VpnClient } from './vpn-client.ts';
import { VpnServer } from './vpn-server.ts';

/** Ways in which our client asks for its session. */
const manners: Readonly<Record<string, readonly string[]>> = {
  'one connection': [],
  '8 connections': ['--connections', '8'],
  'half duplex over 4 connections': ['--connections', '4', '--half-duplex'],
  compression: ['--compress'],
  'no encryption': ['--no-encrypt'],
  'no encryption over 4 connections': ['--no-encrypt', '--connections', '4'],
};

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

if (requirePeers(['vpnserver', 'vpnclient', 'vpncmd', 'iperf3', 'ping', 'openssl', 'ip'])) {
  describe.each(Object.entries(servers))('hubfarm connect with %s', (kind, make) => {
    const { network, desk } = useConnectDesk(make);
    const bensAddress = '192.168.7.2';
    let server: AnyServer;
    let anna: Host;

    beforeAll(() => {
      ({ server, anna } = desk());
    });

    describe('and a real vpnclient on the same hub', () => {
      let ben: VpnClient;

      beforeAll(async () => {
        ben = new VpnClient(network().host('ben'));
        await ben.start();
        await ben.host.configure(ben.device, `${bensAddress}/24`);
        await ben.createAccount({
          ...{ name: 'office', server: `${server.host.address}:443`, hub, user: 'ben' },
          password: passwordOf('ben'),
        });
        await ben.mustConnect('office');
      });

      test.each(Object.entries(manners))('%s: ping and bulk data both ways', async (_name, words) => {
        const client = desk().connect(desk().wish(...withPassword, '--address', `${annasAddress}/24`, ...words));
        await client.connected();
        await anna.reaches(bensAddress);
        expect(await anna.ping(bensAddress, { count: 50 })).toMatchObject({ sent: 50, received: 50 });
        expect(await ben.host.ping(annasAddress, { count: 10, size: 1400 })).toMatchObject({ received: 10 });
        expect(await ben.host.ping(annasAddress, { count: 5, size: 4000 })).toMatchObject({ received: 5 });
        // Further connections come one after the other.
        const runSeconds = words.includes('--connections') ? 2 : 1;
        const there = await iperf(anna, ben.host, bensAddress, { seconds: runSeconds });
        const back = await iperf(ben.host, anna, annasAddress, { seconds: runSeconds });
        const mbit = (bits: number): string => (bits / 1e6).toFixed(0);
        console.log(`${kind}: ${mbit(there.bitsPerSecond)} Mbit/s there, ${mbit(back.bitsPerSecond)} back`);
        expect(Math.min(there.bitsPerSecond, back.bitsPerSecond)).toBeGreaterThan(1e6);
        expect(client.count(/connection lost/)).toBe(0);
        expect(await desk().users()).toEqual(expect.arrayContaining(['anna', 'ben']));
        expect(await client.stop()).toBe(0);
        expect(await anna.mustRun('ip', ['-br', 'link'])).not.toContain('hubfarm0');
      });
    });

    describe('as for who may come in', () => {
      test('a wrong password is said clearly, and ends it where it was to try only once', async () => {
        const { code, stdout } = await HubfarmConnect.run(anna, desk().wish('--password', 'x', '--insecure', '--once'));
        expect(stdout).toMatch(/refuses: user authentication failed \(error 9\)/);
        expect(code).toBe(4);
      });

      test('a hub that does not exist is said clearly', async () => {
        const wanted = { ...desk().wish(...withPassword, '--once'), hub: 'NOWHERE' };
        const { code, stdout } = await HubfarmConnect.run(anna, wanted);
        expect(stdout).toMatch(/\(error 8\)/);
        expect(code).toBe(1);
      });

      test('a certificate that nobody vouches for is refused before the password is sent, and can be named', async () => {
        const { code, stdout } = await HubfarmConnect.run(anna, desk().wish('--password', passwordOf('anna')));
        expect(code).toBe(3);
        const fingerprint = /--fingerprint sha256:([0-9A-F:]+)/.exec(stdout)?.[1] ?? '';
        const client = desk().connect(desk().wish('--password', passwordOf('anna'), '--fingerprint', fingerprint));
        await client.connected();
      });

      test('a certificate that was accepted before is known', async () => {
        const { stdout } = await HubfarmConnect.run(anna, desk().wish('--password', passwordOf('anna')));
        const fingerprint = /--fingerprint (sha256:[0-9A-F:]+)/.exec(stdout)?.[1] ?? '';
        const known = join(anna.folder, 'hubfarm', 'known-servers');
        await anna.mustRun('mkdir', ['-p', join(anna.folder, 'hubfarm')]);
        writeFileSync(known, `${server.host.address}:443 ${fingerprint}\n`);
        const client = desk().connect(desk().wish('--password', passwordOf('anna')));
        await client.connected();
        writeFileSync(known, '');
      });

      test('a user with a certificate logs in with it', async () => {
        const certificateFile = join(anna.folder, 'carol.crt');
        const keyFile = join(anna.folder, 'carol.key');
        await anna.mustRun('openssl', [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=carol'],
          ...['-keyout', keyFile, '-out', certificateFile],
        ]);
        await server.admin.hubCommand(hub, 'UserCertSet', 'carol', `/LOADCERT:${certificateFile}`);
        const words = ['--certificate', certificateFile, '--key', keyFile, '--insecure'];
        const client = desk().connect({ ...desk().wish(...words), user: 'carol' });
        await client.connected();
        expect(await desk().users()).toContain('carol');
      });

      test('an anonymous user needs nothing', async () => {
        await server.admin.hubCommand(hub, 'UserAnonymousSet', 'carol');
        const client = desk().connect({ ...desk().wish('--insecure'), user: 'carol' });
        await client.connected();
      });

      test('a password in a file is taken from there', async () => {
        const file = join(anna.folder, 'password');
        writeFileSync(file, `${passwordOf('anna')}\n`);
        const client = desk().connect(desk().wish('--password-file', file, '--insecure'));
        await client.connected();
      });

      test('a server that is not there ends a single try with a clear line', async () => {
        const wanted = { ...desk().wish(...withPassword, '--once'), server: `${server.host.address}:4444` };
        const { code, stdout } = await HubfarmConnect.run(anna, wanted);
        expect(stdout).toMatch(/the connection was refused/);
        expect(code).toBe(3);
      });

      test('SIGTERM ends the session on the server at once', async () => {
        const client = desk().connect(desk().wish(...withPassword));
        await client.connected();
        expect(await client.stop()).toBe(0);
        const limitMs = kind === 'hubfarm' ? 10_000 : 60_000;
        await until('the session to be gone', limitMs, async () => !(await desk().users()).includes('anna'));
      });
    });
  });

  describe('hubfarm connect with hubfarm', () => {
    const network = useNetwork();

    test('believes a certificate that an authority vouches for and that names the host', async () => {
      const host = network().host('server');
      const anna = network().host('anna');
      const server = new HubfarmServer(host, { settings: [`server.name=${host.address}`] });
      await server.start();
      await server.admin.createHub(hub);
      await server.admin.createUser(hub, 'anna', passwordOf('anna'));
      const file = join(host.folder, 'server.crt');
      const fetch = `openssl s_client -connect ${host.address}:443 </dev/null 2>/dev/null | openssl x509 -out ${file}`;
      await anna.mustRun('sh', ['-c', fetch]);
      expect(new X509Certificate(readFileSync(file)).checkIP(host.address)).toBe(host.address);
      const env = { NODE_EXTRA_CA_CERTS: file };
      const wish = { server: host.address, hub, user: 'anna', words: ['--password', passwordOf('anna')], env };
      const client = new HubfarmConnect(anna, wish);
      await client.connected();
      expect(await client.stop()).toBe(0);
    });
  });

  describe('hubfarm connect --address dhcp', () => {
    const network = useNetwork();

    test('gets its address from the SecureNAT of a real vpnserver', async () => {
      const server = new VpnServer(network().host('server'));
      const anna = network().host('anna');
      await server.start();
      await server.admin.createHub(hub);
      await server.admin.createUser(hub, 'anna', passwordOf('anna'));
      await server.admin.hubCommand(hub, 'SecureNatEnable');
      const words = ['--password', passwordOf('anna'), '--insecure', '--address', 'dhcp', '--tap', 'office0'];
      const client = new HubfarmConnect(anna, { server: server.host.address, hub, user: 'anna', words });
      const tookMs = await client.said(/office0: address 192\.168\.30\.\d+\/24 from the DHCP server 192\.168\.30\.1/);
      console.log(`an address by DHCP ${seconds(tookMs)} s after the start`);
      expect(await anna.mustRun('ip', ['-4', '-br', 'addr', 'show', 'office0'])).toMatch(/192\.168\.30\.\d+\/24/);
      await anna.reaches('192.168.30.1');
      expect(await client.stop()).toBe(0);
    });
  });
}
