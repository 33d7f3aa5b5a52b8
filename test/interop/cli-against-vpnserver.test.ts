import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { testCertificate } from './cli-certificate.ts';
import { BothPrograms, comparable } from './cli-both-programs.ts';
import { hubLines, serverLines } from './cli-lines.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { vpncmd } from './softether.ts';
import { VpnClient } from './vpn-client.ts';
import { VpnServer } from './vpn-server.ts';

const PASSWORD = 'admin-word';
const SERVER = 'localhost:5555';
const AT = ['--server', SERVER, '--insecure'];

if (requirePeers(['vpnserver', 'vpnclient', 'vpncmd', 'ip'])) {
  describe('hubfarm cmd and vpncmd on one real vpnserver', () => {
    const network = useNetwork();
    let both: BothPrograms;

    beforeAll(async () => {
      const server = new VpnServer(network().host('server'), 'vpnserver', PASSWORD);
      const client = new VpnClient(network().host('client'));
      await Promise.all([server.start(), client.start()]);
      both = new BothPrograms(server.host, SERVER, PASSWORD);
      // The user of the session is made by hubfarm: a real client proves that the password is right.
      await both.hubfarmBatch([
        'HubCreate OFFICE /PASSWORD:hub-word',
        'Hub OFFICE',
        'UserCreate anna /GROUP:none "/REALNAME:Anna A" "/NOTE:a, ""b"""',
        'UserPasswordSet anna "/PASSWORD:word of anna"',
      ]);
      const account = { name: 'office', server: `${server.host.address}:443`, hub: 'OFFICE', user: 'anna' };
      await client.createAccount({ ...account, password: 'word of anna', maxTcp: 2 });
      await client.host.configure(client.device, '192.168.7.1/24');
      await client.mustConnect('office');
      // A hub asks stations every few seconds whether they are still there, which moves the counters.
      await both.vpncmdBatch([
        'Hub OFFICE',
        'ExtOptionSet NoAddressPollingIPv4 /VALUE:1',
        'ExtOptionSet NoAddressPollingIPv6 /VALUE:1',
      ]);
      await client.host.run('ping', ['-c', '2', '-W', '1', '192.168.7.9']);
      // From here on its counters stand still.
      await client.host.mustRun('ip', ['link', 'set', client.device, 'down']);
    }, 180_000);

    for (const format of ['tables', 'CSV'] as const) {
      test(`about the server print the same ${format}`, async () => {
        await both.mustAgree([], serverLines, format);
      });

      test(`about a hub print the same ${format}`, async () => {
        await both.mustAgree(['/ADMINHUB:OFFICE'], hubLines, format);
      });
    }

    test('print the same for one command, and for a hub administrator', async () => {
      for (const target of [['/ADMINHUB:OFFICE'], ['/HUB:OFFICE', '/PASSWORD:hub-word']]) {
        const theirs = await both.vpncmdOne(target, ['OptionsGet']);
        const ours = await both.hubfarmOne(target, ['OptionsGet']);
        expect(comparable(ours)).toEqual(comparable(theirs));
        expect(ours).toContain('Standalone');
      }
    });

    test('change users alike: what each of them made, vpncmd reads the same, field by field', async () => {
      const certificate = join(both.host.folder, 'user.pem');
      writeFileSync(certificate, testCertificate);
      const changes = [
        ['UserSet u /GROUP:none /REALNAME:Two /NOTE:none'],
        ['UserSet u /GROUP:none "/REALNAME:Ü ""ser"" One" "/NOTE:a, b; c"'],
        [`UserCertSet u /LOADCERT:${certificate}`],
        ['UserSignedSet u "/CN:common name" /SERIAL:0A0bff'],
        ['UserRadiusSet u /ALIAS:other'],
        ['UserNTLMSet u /ALIAS:none'],
        ['UserPasswordSet u "/PASSWORD:p w"'],
        ['UserExpiresSet u "/EXPIRES:2027/01/02 03:04:05"'],
        ['UserPolicySet u /NAME:MaxUpload /VALUE:5000000'],
        ['UserPolicySet u /NAME:timeout /VALUE:30', 'UserPolicySet u /NAME:NoBridge /VALUE:yes'],
        ['UserPolicySet u /NAME:MaxMac /VALUE:3', 'UserPolicyRemove u'],
        ['UserExpiresSet u "/EXPIRES:2027/01/02 03:04:05"', 'UserExpiresSet u /EXPIRES:none'],
        ['UserCertSet u /LOADCERT:' + certificate, 'UserAnonymousSet u'],
      ];
      const users = changes.map((_change, at) => `u${at}`);
      const made = changes.flatMap((change, at) => [
        `UserCreate u${at} /GROUP:none "/REALNAME:full name" "/NOTE:a note"`,
        ...change.map((line) => line.replace(/ u(?= |$)/, ` u${at}`)),
      ]);
      await both.vpncmdBatch(['HubCreate BYTHEM /PASSWORD:x', 'Hub BYTHEM', ...made]);
      const output = await both.hubfarmBatch(['HubCreate BYUS /PASSWORD:x', 'Hub BYUS', ...made]);
      expect(output.match(/The command completed successfully/g)).toHaveLength(made.length + 2);
      const read = async (hub: string): Promise<string[]> => {
        const text = await both.vpncmdBatch([`Hub ${hub}`, ...users.map((user) => `UserGet ${user}`), 'UserList']);
        const lines = text.slice(text.indexOf('UserGet')).replaceAll(hub, 'HUB').split('\n');
        return lines.filter((line) => !/^(Created|Updated) on/.test(line));
      };
      expect(await read('BYUS')).toEqual(await read('BYTHEM'));
      await both.mustAgree(['/ADMINHUB:BYUS'], [...users.map((user) => `UserGet ${user}`), 'UserList'], 'tables');
    });

    test('change hubs alike', async () => {
      const change = ['HubCreate OPTIONS /PASSWORD:x', 'Hub OPTIONS'];
      await both.hubfarmBatch([...change, 'SetMaxSession 7', 'SetEnumDeny', 'Offline']);
      const shown = (): Promise<string> => both.vpncmdOne(['/ADMINHUB:OPTIONS'], ['OptionsGet']);
      expect(await shown()).toMatch(/Deny\nMax Number of Sessions +\|7\nStatus +\|Offline/);
      await both.hubfarmBatch(['Hub OPTIONS', 'SetEnumAllow', 'Online', 'SetHubPassword "another word"']);
      expect(await shown()).toMatch(/Allow\nMax Number of Sessions +\|7\nStatus +\|Online/);
      const asHubAdmin = [SERVER, '/SERVER', '/HUB:OPTIONS', '/PASSWORD:another word'];
      expect((await vpncmd(both.host, asHubAdmin, ['StatusGet'])).code).toBe(0);
      await both.hubfarmBatch(['HubDelete OPTIONS']);
      expect(await both.vpncmdOne([], ['HubList'])).not.toContain('OPTIONS');
    });

    test('change listeners and bridges alike', async () => {
      await both.hubfarmBatch([
        'ListenerCreate 8443',
        'ListenerDisable 8443',
        'HubCreate WIRED /PASSWORD:x',
        'BridgeCreate WIRED /DEVICE:t1 /TAP:yes',
      ]);
      const lines = ['ListenerList', 'BridgeList', 'Hub WIRED', 'SessionList', 'SessionGet SID-LOCALBRIDGE-1'];
      const shown = await both.mustAgree([], lines, 'tables');
      expect(shown.join('\n')).toMatch(/TCP 8443 +\|Stopped[^]*WIRED +\|t1 +\|Operating[^]*Ethernet Bridge/);
      await both.hubfarmBatch(['ListenerDelete 8443', 'BridgeDelete WIRED /DEVICE:t1']);
      const after = await both.vpncmdBatch(['ListenerList', 'BridgeList']);
      expect(after).not.toMatch(/8443|\|t1/);
    });

    test('hubfarm saves, regenerates and sets the certificate of the server', async () => {
      const [certificate = '', key = ''] = ['c.pem', 'k.pem'].map((name) => join(both.host.folder, name));
      const commonName = async (): Promise<string> => {
        const { stdout } = await both.hubfarm('cert', 'show', ...AT, '--json');
        return (JSON.parse(stdout) as { commonName: string }).commonName;
      };
      const before = await commonName();
      await both.hubfarmBatch([`ServerCertGet ${certificate}`, `ServerKeyGet ${key}`, 'ServerCertRegenerate vpn.test']);
      expect(await commonName()).toBe('vpn.test');
      await both.hubfarmBatch([`ServerCertSet /LOADCERT:${certificate} /LOADKEY:${key}`]);
      expect(await commonName()).toBe(before);
    });

    test('hubfarm gives no password to a server that nobody vouches for, unless its certificate is named', async () => {
      const refused = await both.hubfarm('hub', 'list', '--server', SERVER);
      expect(refused.code).toBe(3);
      const [, fingerprint = ''] = /--fingerprint (\S+)/.exec(refused.stderr) ?? [];
      const named = await both.hubfarm('hub', 'list', '--server', SERVER, '--fingerprint', fingerprint, '--json');
      expect(named.code).toBe(0);
      expect(JSON.parse(named.stdout)).toContainEqual(expect.objectContaining({ name: 'OFFICE', online: true }));
    });

    test('hubfarm ends with a number for each kind of failure', async () => {
      expect((await both.hubfarm('user', 'show', 'nobody', '--hub', 'OFFICE', ...AT)).code).toBe(1);
      expect((await both.hubfarm('user', 'show', ...AT)).code).toBe(2);
      expect((await both.hubfarm('hub', 'list', '--server', 'localhost:1')).code).toBe(3);
      expect((await both.hubfarm('hub', 'list', ...AT, '--password', 'guess')).code).toBe(4);
    });

    test('a session that hubfarm disconnects is gone, and a password that it sets is in force', async () => {
      const sessions = ['session', 'list', '--hub', 'OFFICE', ...AT, '--csv'];
      expect((await both.hubfarm(...sessions)).stdout).toContain('SID-ANNA-1');
      await both.hubfarmBatch(['Hub OFFICE', 'SessionDisconnect SID-ANNA-1', 'ServerPasswordSet "new word"']);
      expect((await both.hubfarm(...sessions, '--password', 'new word')).stdout).not.toContain('SID-ANNA-1');
      const target = [SERVER, '/SERVER', '/PASSWORD:new word'];
      expect((await vpncmd(both.host, target, ['ServerInfoGet'])).code).toBe(0);
    });
  });
}
