import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { inspectCertificate } from '#base';
import { until } from './command.ts';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { ServerCluster, type ClusterServer } from './server-cluster.ts';
import { VpnClient } from './vpn-client.ts';
import { masked, transcript, type Answer } from './vpncmd-transcript.ts';
import { VpnServer } from './vpn-server.ts';

const password = 'admin-word';
const staticHub = 'EVERYWHERE';
const dynamicHub = 'ROAMING';

interface Side {
  readonly cluster: ServerCluster<HubfarmServer | VpnServer>;
  readonly port: number;
  /** Ids of the controller and of the first member, as the list has them. */
  readonly ids: readonly string[];
}

const target = ({ port }: Side): string[] => [`localhost:${port}`, '/SERVER', `/PASSWORD:${password}`];

/** Each server has its own name here; the original has the same one for all that run on hosts of one name. */
const ownName = /^(Host Name\|).*|(\|(?:Controller|Member)\|DATE \(DAY\) TIME\|)[^|]*/;

function compared({ command, lines }: Answer): Answer {
  const shown = lines
    // The original has swapped the words for the two kinds of hubs.
    .map((line) => masked(line.replace(/\((?:Static|Dynamic)\)/, '(KIND)')))
    .map((line) => line.replace(ownName, (_all, item?: string, before?: string) => `${item ?? before ?? ''}NAME`))
    // The original listens on four ports from the start.
    .filter((line, at, all) => !line.startsWith('Public Port') || all[at - 1] !== line);
  return { command: command.replace(/\d+/g, '#'), lines: shown };
}

/** As the stock client library for JavaScript lists them. */
async function sessionsOverJson({ host }: ClusterServer): Promise<string[]> {
  const program = `
    const { VpnServerRpc, VpnRpcEnumSession } = require(${JSON.stringify(resolve('node_modules/vpnrpc'))});
    const rpc = new VpnServerRpc('127.0.0.1', 443, '', '${password}', false);
    rpc.EnumSession(new VpnRpcEnumSession({ HubName_str: '${dynamicHub}' })).then(({ SessionList }) => {
      console.log(JSON.stringify(SessionList.map((session) => session.Name_str)));
    });`;
  const stdout = await host.mustRun(process.execPath, ['-e', program], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  return JSON.parse(stdout) as string[];
}

if (requirePeers(['vpnserver', 'vpnclient', 'vpncmd', 'ip', 'ping'])) {
  describe('the administration of a cluster', () => {
    const network = useNetwork();
    let ours: Side;
    let theirs: Side;

    const prepare = async (cluster: ServerCluster<HubfarmServer | VpnServer>, port: number): Promise<Side> => {
      await cluster.start();
      const { admin } = cluster.controller;
      await admin.command('HubCreateStatic', staticHub, '/PASSWORD:hub-word');
      await admin.command('HubCreateDynamic', dynamicHub, '/PASSWORD:hub-word');
      for (const hub of [staticHub, dynamicHub]) await admin.createUser(hub, 'anna', 'word');
      const [, ...rows] = await admin.rows('ClusterMemberList');
      return { cluster, port, ids: rows.map(([id = '']) => id) };
    };

    beforeAll(async () => {
      const hosts = (make: string) => ['controller', 'member'].map((name) => network().host(`${make}${name}`));
      const [controller, member] = hosts('our').map((host) => new HubfarmServer(host, { password }));
      const [theirController, theirMember] = hosts('its').map((host) => new VpnServer(host, 'vpnserver', password));
      ours = await prepare(new ServerCluster(controller!, [member!], { password, isControllerOnly: true }), 443);
      const original = new ServerCluster(theirController!, [theirMember!], { password, isControllerOnly: true });
      theirs = await prepare(original, 5555);
    }, 240_000);

    const both = async (script: (side: Side) => readonly string[], at: 'controller' | 'member', csv = false) => {
      const run = async (side: Side): Promise<Answer[]> => {
        const { cluster } = side;
        const { host } = at === 'controller' ? cluster.controller : cluster.members[0]!;
        return (await transcript(host, target(side), script(side), { csv })).map(compared);
      };
      return { ours: await run(ours), theirs: await run(theirs) };
    };

    describe.each([
      ['as tables', false],
      ['as CSV', true],
    ])('vpncmd prints %s what it prints of the original:', (_how, csv) => {
      test('at the controller', async () => {
        const answers = await both(
          ({ ids: [controller, member] }) => [
            ...['ClusterSettingGet', 'ClusterMemberList', 'ClusterConnectionStatusGet'],
            ...[`ClusterMemberInfoGet ${controller}`, `ClusterMemberInfoGet ${member}`, 'ClusterMemberInfoGet 1'],
            ...['ServerInfoGet', 'ServerStatusGet', 'HubList'],
            ...[`HubCreateStatic ${staticHub} /PASSWORD:x`, `HubSetDynamic ${staticHub}`, `HubSetStatic ${staticHub}`],
            ...[`Hub ${staticHub}`, 'StatusGet', 'OptionsGet', 'SessionList', 'MacTable', 'UserList', 'CascadeList'],
          ],
          'controller',
          csv,
        );
        expect(answers.ours).toEqual(answers.theirs);
      });

      test('at a member', async () => {
        const answers = await both(
          () => [
            ...['ClusterSettingGet', 'ClusterMemberList', 'ClusterMemberInfoGet 1', 'ClusterConnectionStatusGet'],
            ...['ServerInfoGet', 'HubCreate X /PASSWORD:x', 'HubCreateStatic X /PASSWORD:x', `HubDelete ${staticHub}`],
            ...[
              `Hub ${staticHub}`,
              'OptionsGet',
              'UserList',
              'UserDelete anna',
              'CAList',
              'AccessList',
              'SetMaxSession 5',
            ],
            ...['SessionList', 'GroupList', 'CascadeList', 'Offline'],
          ],
          'member',
          csv,
        );
        expect(answers.ours).toEqual(answers.theirs);
      });
    });

    test('vpncmd tells the truth of the hubs of a member, of ours', async () => {
      const [, member] = ours.ids;
      const { admin } = ours.cluster.controller;
      const rows = await admin.rows('ClusterMemberInfoGet', member!);
      expect(rows.filter(([item]) => item?.startsWith('Virtual Hub #'))).toEqual([
        ['Virtual Hub #1', `${staticHub} (Static)`],
      ]);
    });

    test("vpncmd saves a member's certificate", async () => {
      const { host } = ours.cluster.controller;
      const file = join(host.folder, 'member.cer');
      const [answer] = await transcript(host, target(ours), [`ClusterMemberCertGet ${ours.ids[1]} /SAVECERT:${file}`]);
      expect(answer?.lines.join()).toContain('completed successfully');
      expect(inspectCertificate(readFileSync(file))).toBeDefined();
    });

    test('a hub administrator is refused at a member', async () => {
      for (const side of [ours, theirs]) {
        const login = [`localhost:${side.port}`, '/SERVER', `/HUB:${staticHub}`, '/PASSWORD:hub-word'];
        const { host } = side.cluster.members[0]!;
        const { stdout } = await host.run('/usr/libexec/softether/vpncmd/vpncmd', [...login, '/CMD', 'StatusGet']);
        expect(stdout).toContain('(Error code: 52)');
      }
    });

    test('a session on a member is listed, shown and ended at the controller, and its user is counted', async () => {
      const client = new VpnClient(network().host('anna'));
      await client.start();
      const { controller, members } = ours.cluster;
      const server = `${controller.host.address}:443`;
      await client.createAccount({ name: 'office', server, hub: dynamicHub, user: 'anna', password: 'word' });
      await client.host.configure(client.device, '192.168.7.1/24');
      await client.mustConnect('office');
      const { admin } = controller;
      const row = async (): Promise<Map<string, string>> => {
        const [heading = [], found = []] = await admin.hubRows(dynamicHub, 'SessionList');
        return new Map(heading.map((title, at) => [title, found[at] ?? '']));
      };
      const session = (await row()).get('Session Name') ?? '';
      expect((await row()).get('Location')).toMatch(/^On '.+'$/);
      expect(await members[0]!.admin.hubRows(dynamicHub, 'SessionList')).toHaveLength(2);
      expect(await sessionsOverJson(controller)).toEqual([session]);
      const shown = new Map(
        (await admin.hubRows(dynamicHub, 'SessionGet', session)).map(([item = '', value = '']) => [item, value]),
      );
      expect(shown.get('User Name (Database)')).toBe('anna');
      await client.host.ping('192.168.7.9', { count: 2 });
      const macs = await admin.hubRows(dynamicHub, 'MacTable');
      expect(macs).toHaveLength(2);
      await admin.hubCommand(dynamicHub, 'MacDelete', macs[1]![0]!);
      const traffic = async (): Promise<string> => {
        const [heading = [], user = []] = await admin.hubRows(dynamicHub, 'UserList');
        return user[heading.indexOf('Transfer Bytes')] ?? '';
      };
      await until('the traffic to be counted', 60_000, async () => (await traffic()) !== '0');
      await admin.hubCommand(dynamicHub, 'SessionDisconnect', session);
      await client.waitNotConnected('office');
      expect(await members[0]!.admin.hubRows(dynamicHub, 'SessionList')).toHaveLength(1);
    });

    test('a member whose controller is away says so, as the original', async () => {
      for (const { cluster } of [ours, theirs]) {
        const { controller } = cluster;
        await (controller instanceof HubfarmServer ? controller.kill() : controller.daemon.kill());
      }
      const offline = async (side: Side): Promise<Answer | undefined> => {
        const { host } = side.cluster.members[0]!;
        const [answer] = await transcript(host, target(side), ['ClusterConnectionStatusGet']);
        return answer?.lines.some((line) => /^Connection Status .*Online/.test(line)) === true ? undefined : answer;
      };
      const [our, their] = await Promise.all(
        [ours, theirs].map((side) => until('the member to notice', 60_000, () => offline(side))),
      );
      // A connection that ends is one thing, one that cannot be made another: the members may be at either.
      const shown = (answer: Answer): string[] =>
        compared(answer).lines.map((line) => line.replace(/^(Last Error\|).*(\(Error Code: #\))$/, '$1… $2'));
      expect(shown(our!)).toEqual(shown(their!));
      expect(shown(our!)).toContain('Connection Status|Offline');
    });
  });
}
