import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { inspectCertificate } from '#base';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { type Host, useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import type { ServerAdmin } from './server-admin.ts';
import { vpncmd } from './softether.ts';
import { VpnClient } from './vpn-client.ts';
import { masked, transcript, type Answer } from './vpncmd-transcript.ts';
import { VpnServer } from './vpn-server.ts';

const port = 5555;
const password = 'admin-word';
const hub = 'OFFICE';

/** Every command of the first part, in an order in which each finds what it needs, and some that must fail. */
const serverScript = [
  ...['ServerInfoGet', 'ServerStatusGet', 'ServerCipherGet'],
  ...['ListenerCreate 7777', 'ListenerCreate 7777', 'ListenerList'],
  ...['ListenerDisable 7777', 'ListenerList', 'ListenerEnable 7777', 'ListenerDelete 7777', 'ListenerDelete 7777'],
  ...['HubCreate H2 /PASSWORD:hp', 'HubCreate h2 /PASSWORD:hp', 'HubCreateDynamic H3 /PASSWORD:hp'],
  ...['HubCreate .bad /PASSWORD:hp', 'HubList', 'HubSetStatic H2', 'HubDelete nosuch', 'HubDelete H2'],
  ...['ConnectionList', 'ConnectionGet CID-99999', 'ConnectionDisconnect CID-99999'],
  ...['ClusterSettingGet', 'ClusterMemberList', 'ClusterMemberInfoGet 1', 'ClusterConnectionStatusGet'],
  ...['BridgeCreate OFFICE /DEVICE:t1 /TAP:yes', 'BridgeDelete OFFICE /DEVICE:t1', 'BridgeDelete OFFICE /DEVICE:t1'],
  ...['BridgeList', 'RouterList', 'ServerPasswordSet admin-word', 'Flush'],
];

const hubScript = [
  `Hub ${hub}`,
  ...['StatusGet', 'OptionsGet', 'Offline', 'StatusGet', 'Online'],
  ...['SetMaxSession 7', 'SetEnumDeny', 'OptionsGet', 'SetEnumAllow', 'SetMaxSession 0', 'SetHubPassword hp'],
  ...['UserCreate u1 /GROUP:none /REALNAME:Real /NOTE:nt', 'UserCreate u1 /GROUP:none /REALNAME:none /NOTE:none'],
  ...['UserGet u1', 'UserGet nosuch', 'UserSet u1 /GROUP:none /REALNAME:Anna /NOTE:new', 'UserGet u1'],
  ...['UserSet u1 /GROUP:nosuch /REALNAME:Anna /NOTE:new', 'UserPasswordSet u1 /PASSWORD:pw', 'UserAnonymousSet u1'],
  ...['UserGet u1', 'UserExpiresSet u1 /EXPIRES:2030/01/02', 'UserGet u1', 'UserExpiresSet u1 /EXPIRES:none'],
  ...['UserPolicySet u1 /NAME:MaxConnection /VALUE:8', 'UserPolicySet u1 /NAME:Access /VALUE:no', 'UserGet u1'],
  ...['UserList', 'UserPolicyRemove u1', 'UserGet u1', 'UserList', 'UserDelete u1', 'UserDelete u1'],
  ...['SessionGet nosuch', 'SessionDisconnect nosuch', 'MacDelete 99999999', 'IpDelete 99999999'],
  ...['GroupList', 'AccessList', 'CascadeList', 'CAList', 'CrlList', 'AcList'],
];

/** What is in the hub while a client is connected. */
const sessionScript = (session: string): string[] => [
  `Hub ${hub}`,
  ...['SessionList', `SessionGet ${session}`, 'MacTable', `MacTable ${session}`, 'IpTable', 'UserList'],
];

/** Where answers differ for a good reason: what of them is compared. */
const comparedLines: Readonly<Record<string, (lines: readonly string[]) => readonly string[]>> = {
  // The list of ciphers is that of another TLS library.
  ServerCipherGet: (lines) => lines.slice(0, 2),
  // There is no file whose size could be told.
  Flush: (lines) => lines.slice(0, 1),
  // vpncmd adds advice for virtual machines where the server says that it runs on one.
  BridgeCreate: (lines) => lines.filter((line) => line !== '').slice(0, 4),
};

function compared({ command, lines }: Answer): Answer {
  const chosen = comparedLines[command.split(' ')[0]!]?.(lines) ?? lines;
  return { command, lines: chosen.map(masked) };
}

/** Commands for what is not there (yet). */
const notSupported = [
  ...['LogEnable security', 'AccessDelete 1'],
  ...['SecureNatEnable', 'SecureNatDisable', 'NatTable', 'DhcpTable', 'SecureNatStatusGet', 'DhcpGet'],
  ...[
    'CascadeOnline c1',
    'CascadeDelete c1',
    'GroupCreate g1 /REALNAME:none /NOTE:none',
    'GroupDelete g1',
    'GroupGet g1',
  ],
  ...['AdminOptionList', 'ExtOptionList', 'RadiusServerDelete', 'CADelete 1', 'CrlGet 1', 'CrlDel 1'],
  ...['RouterAdd r1', 'RouterStart r1', 'RouterIfList r1', 'KeepDisable', 'SyslogDisable', 'DynamicDnsGetStatus'],
  ...['VpnAzureGetStatus', 'IPsecGet', 'EtherIpClientList', 'VpnOverIcmpDnsEnable /ICMP:yes /DNS:yes', 'Reboot'],
  ...['ProtoOptionsGet SSTP', 'PortsUDPSet 1194'],
];

if (requirePeers(['vpnserver', 'vpnclient', 'vpncmd', 'ip', 'ping'])) {
  describe('vpncmd', () => {
    const network = useNetwork();
    let hubfarm: HubfarmServer;
    let original: VpnServer;
    const target = [`localhost:${port}`, '/SERVER', `/PASSWORD:${password}`];

    beforeAll(async () => {
      hubfarm = new HubfarmServer(network().host('hubfarm'), { port, password });
      original = new VpnServer(network().host('original'), 'vpnserver', password);
      await Promise.all([hubfarm.start(), original.start()]);
      for (const { admin } of [hubfarm, original]) {
        await admin.createHub(hub);
        await admin.createUser(hub, 'anna', 'word');
        if (admin === original.admin) {
          // It listens on more ports, and has a hub of its own, unless told otherwise.
          for (const other of [443, 992, 1194]) await admin.command('ListenerDelete', `${other}`);
        }
      }
    });

    const both = async (script: readonly string[], csv: boolean): Promise<[Answer[], Answer[]]> =>
      Promise.all([
        transcript(hubfarm.host, target, script, { csv }),
        transcript(original.host, target, script, { csv }),
      ]);

    describe.each([
      ['as tables', false],
      ['as CSV', true],
    ])('prints %s what it prints of the original:', (_how, csv) => {
      test('the commands for the server', async () => {
        const [ours, theirs] = await both(serverScript, csv);
        expect(ours.map(({ command }) => command)).toEqual(serverScript);
        expect(ours.map(compared)).toEqual(theirs.map(compared));
      });

      test('the commands for a Virtual Hub', async () => {
        const [ours, theirs] = await both(hubScript, csv);
        expect(ours.map(({ command }) => command)).toEqual(hubScript);
        expect(ours.map(compared)).toEqual(theirs.map(compared));
      });

      test('the names of all capabilities', async () => {
        const [ours, theirs] = await both(['Caps'], csv);
        const names = (answers: readonly Answer[]): string[] =>
          answers[0]!.lines.map((line) =>
            line
              .split(csv ? /,[^,]*$/ : '|')[0]!
              .trim()
              .replace(/^-+\+?-*$/, '---'),
          );
        expect(names(ours)).toEqual(names(theirs));
      });

      test("what a hub's administrator is shown", async () => {
        const login = [`localhost:${port}`, '/SERVER', `/HUB:${hub}`, '/PASSWORD:hp'];
        const script = [
          'StatusGet',
          'HubList',
          'UserList',
          'ConnectionList',
          'ListenerCreate 8888',
          'BridgeDeviceList',
        ];
        const [ours, theirs] = await Promise.all([
          transcript(hubfarm.host, login, script, { csv }),
          transcript(original.host, login, script, { csv }),
        ]);
        expect(ours.map(({ command }) => command)).toEqual(script);
        expect(ours.map(compared)).toEqual(theirs.map(compared));
      });
    });

    test('prints what it prints of the original: hubs that do not exist', async () => {
      for (const login of [
        ['/SERVER', '/HUB:NOSUCH', '/PASSWORD:x'],
        ['/SERVER', `/PASSWORD:${password}`, '/ADMINHUB:NOSUCH'],
      ]) {
        const run = (host: Host) => vpncmd(host, [`localhost:${port}`, ...login], ['StatusGet']);
        const [ours, theirs] = await Promise.all([run(hubfarm.host), run(original.host)]);
        expect(ours.code).toBe(theirs.code);
        expect(ours.text.split('\n').map(masked)).toEqual(theirs.text.split('\n').map(masked));
      }
    });

    test('asks again for a wrong password, as of the original', async () => {
      // Without a terminal it would ask for ever.
      const args = ['3', '/usr/libexec/softether/vpncmd/vpncmd', `localhost:${port}`, '/SERVER', '/PASSWORD:wrong'];
      const run = async (host: Host): Promise<string> => (await host.run('timeout', args)).stdout;
      const [ours, theirs] = await Promise.all([run(hubfarm.host), run(original.host)]);
      expect(ours).toContain('Access has been denied.');
      expect(ours.split('Password:')[0]).toBe(theirs.split('Password:')[0]);
    });

    test("prints what it prints of the original: another administrator's connection, which it ends", async () => {
      const run = async ({ host, admin }: { host: Host; admin: ServerAdmin }): Promise<Answer[]> => {
        const line = `sleep 20 | exec /usr/libexec/softether/vpncmd/vpncmd "$@"`;
        const other = host.start('sh', ['-c', line, 'vpncmd', ...target]);
        await other.says(/entire VPN Server/);
        const [, [name = ''] = []] = await admin.rows('ConnectionList');
        const script = [`ConnectionGet ${name}`, `ConnectionDisconnect ${name}`];
        const answers = await transcript(host, target, script);
        await other.kill();
        return answers.map(({ command, lines }) => ({ command: masked(command), lines: lines.map(masked) }));
      };
      const [ours, theirs] = await Promise.all([run(hubfarm), run(original)]);
      expect(ours).toEqual(theirs);
      expect(ours[0]?.lines.join()).toContain('Command-Line Admin Tool');
    });

    test('saves a certificate and a key that belong together, also after making new ones', async () => {
      const script = ['ServerCertRegenerate vpn.example.org', 'ServerCertGet cert.cer', 'ServerKeyGet key.pem'];
      const run = async (host: Host): Promise<Answer[]> => {
        const line = `cd '${host.folder}' && exec /usr/libexec/softether/vpncmd/vpncmd "$@"`;
        const answers: Answer[] = [];
        for (const command of script) {
          const args = [...target, '/CMD', ...command.split(' ')];
          const { stdout } = await host.run('sh', ['-c', line, 'vpncmd', ...args]);
          answers.push({ command, lines: stdout.replaceAll('\r', '').split('\n').slice(12) });
        }
        return answers;
      };
      const [ours, theirs] = await Promise.all([run(hubfarm.host), run(original.host)]);
      expect(ours).toEqual(theirs);
      const saved = inspectCertificate(readFileSync(join(hubfarm.host.folder, 'cert.cer')));
      expect(saved?.subjectCommonName).toBe('vpn.example.org');
      expect(readFileSync(join(hubfarm.host.folder, 'key.pem'), 'utf8')).toContain('PRIVATE KEY');
    });

    test('says "Unsupported" of what is not there, and never hangs', async () => {
      const script = [`Hub ${hub}`, ...notSupported];
      const answers = await transcript(hubfarm.host, target, script);
      expect(answers.map(({ command }) => command)).toEqual(script);
      const others = answers.slice(1).filter(({ lines }) => !lines.join().includes('(Error code: 33)'));
      expect(others).toEqual([]);
    });

    test('prints what it prints of the original: a local bridge, and its session, which cannot be disconnected', async () => {
      const run = async ({ host, admin }: { host: Host; admin: ServerAdmin }): Promise<Answer[]> => {
        await admin.command('BridgeCreate', hub, '/DEVICE:t2', '/TAP:yes');
        const find = async (): Promise<string | undefined> => {
          const rows = await admin.hubRows(hub, 'SessionList');
          return rows.find(([name]) => name?.startsWith('SID-LOCALBRIDGE-') === true)?.[0];
        };
        const session = await until('the session of the local bridge', 60_000, find);
        const script = ['SessionList', `SessionGet ${session}`, `SessionDisconnect ${session}`];
        const answers = await transcript(host, [...target, `/ADMINHUB:${hub}`], script);
        await admin.command('BridgeDelete', hub, '/DEVICE:t2');
        return answers.map(({ command, lines }) => ({
          command: masked(command),
          // It claims priority for small packets, which we do not give.
          lines: lines.filter((line) => !line.startsWith('VoIP / QoS Function')).map(masked),
        }));
      };
      const [ours, theirs] = await Promise.all([run(hubfarm), run(original)]);
      expect(ours).toEqual(theirs);
      expect(ours[2]?.lines.join()).toContain('Unable to disconnect the Local Bridge session');
    });

    test('prints of a connected client what it prints of the original', async () => {
      const pairs = await Promise.all(
        [hubfarm, original].map(async (server, index) => {
          const client = new VpnClient(network().host(`client${index}`));
          await client.start();
          const account = {
            name: 'office',
            server: `${server.host.address}:${port}`,
            hub,
            user: 'anna',
            password: 'word',
          };
          await client.createAccount(account);
          await client.host.configure(client.device, '192.168.7.1/24');
          await client.mustConnect('office');
          // Broadcasts, so that the address tables have something to show.
          await client.host.ping('192.168.7.9', { count: 2 });
          const [heading = [], row = []] = await server.admin.hubRows(hub, 'SessionList');
          const session = row[heading.indexOf('Session Name')]!;
          // The second address (IPv6, link-local) comes when the kernel feels like it: it may be in the table or not.
          return { server, session };
        }),
      );
      for (const csv of [false, true]) {
        const [ours, theirs] = await Promise.all(
          pairs.map(async ({ server, session }) => {
            const answers = await transcript(server.host, target, sessionScript(session), { csv });
            return answers.map(({ command, lines }) => ({
              command: command.replace(session, 'SID'),
              // Without order: how many entries there are, and which is first, depends on what the client's kernel sent.
              lines: [...new Set(lines.map((line) => masked(direction(line.replace(session, 'SID')))))].sort(),
            }));
          }),
        );
        expect(ours!.map(withoutLinkLocal)).toEqual(theirs!.map(withoutLinkLocal));
      }
    });
  });
}

/** Of a session, keeps whether there was any traffic of a kind: the client has sent broadcasts and got nothing. */
function direction(line: string): string {
  const [, item, count] = /^((?:Outgoing|Incoming) \w+cast Packets)\W+([\d,]+) packets/.exec(line) ?? [];
  return item === undefined ? line : `${item}|${count === '0' ? 'no' : 'some'} packets`;
}

/** The client's IPv6 address shows in the table some seconds later on one server than on the other. */
function withoutLinkLocal({ command, lines }: Answer): Answer {
  return { command, lines: lines.filter((line) => !line.includes('LINKLOCAL')) };
}
