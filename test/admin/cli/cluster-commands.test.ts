import { describe, expect, test } from 'vitest';
import { sha0 } from '#base';
import { FakeServer, hubfarm } from './fake-machine.ts';

const run = (server: FakeServer, ...line: string[]) =>
  hubfarm(['cmd', 'localhost:443', '/CSV', '/CMD', ...line], { server });

describe('hubfarm cmd on the controller of a cluster', () => {
  const member = {
    Id_u32: 570918635,
    Controller_bool: false,
    ConnectedTime_dt: '2026-11-22T02:53:27.000Z',
    Ip_ip: '10.77.0.2',
    Hostname_str: 'b',
    Point_u32: 100000,
    Weight_u32: 100,
    Ports_u32: [443],
    HubsList: [
      { HubName_str: 'HS', DynamicHub_bool: false },
      { HubName_str: 'HD', DynamicHub_bool: true },
    ],
    NumSessions_u32: 4,
    NumTcpConnections_u32: 16,
  };

  test('shows a member with the hubs that run there, each with its true kind', async () => {
    const server = new FakeServer({ GetFarmInfo: member });
    const { output, code } = await run(server, 'ClusterMemberInfoGet', '570918635');
    expect(output.split('\n').filter((line) => !line.startsWith('Connection'))).toEqual([
      'Item,Value',
      'Server Type,Cluster Member Server',
      'IP Address,10.77.0.2',
      'Host Name,b',
      'Point,100000',
      'Performance Standard Ratio,100',
      'Number of Public Ports,1',
      'Public Port #1 (TCP/IP),443',
      'Number of Running Virtual Hubs,2',
      'Virtual Hub #1,HS (Static)',
      'Virtual Hub #2,HD (Dynamic)',
      'Number of Sessions,4',
      'Number of TCP Connections,16',
      '',
    ]);
    expect(code).toBe(0);
    expect(server.calls.find(({ method }) => method === 'GetFarmInfo')?.params).toEqual({ Id_u32: 570918635 });
  });
});

test('a member says why it has no connection to its controller', async () => {
  const server = new FakeServer({
    GetFarmConnectionStatus: {
      Ip_ip: '10.77.0.1',
      Port_u32: 443,
      Online_bool: false,
      LastError_u32: 12,
      StartedTime_dt: '2026-11-22T02:53:27.000Z',
      NumTry_u32: 7,
      NumConnected_u32: 2,
      NumFailed_u32: 5,
    },
  });
  const { output } = await run(server, 'ClusterConnectionStatusGet');
  const lines = output.split('\n').filter((line) => !line.startsWith('Connection Started'));
  expect(lines).toEqual([
    'Item,Value',
    'Controller IP Address,(Not Connected)',
    'Controller TCP/IP Port,(Not Connected)',
    'Connection Status,Offline',
    'Last Error,Access has been denied. (Error Code: 12)',
    'First Connection Established at,(None)',
    'Current Connection Established at,(None)',
    'Number of Connection Attempts,7',
    'Number of Successful Connections,2',
    'Number of Failed Connections,5',
    '',
  ]);
});

describe('a change of the part that a server plays', () => {
  const answers = {
    GetFarmSetting: { ServerType_u32: 0, Weight_u32: 100 },
    HubfarmPlanFarmSetting: { ServerType_u32: 1, Effects_str: ['these Virtual Hubs become dynamic: DEFAULT'] },
    SetFarmSetting: { HubfarmBackup_str: '/data/backup.json' },
  };

  test('says what becomes of the configuration, and where its copy is', async () => {
    const server = new FakeServer(answers);
    const { output } = await hubfarm(
      ['cmd', 'localhost:443', '/CMD', 'ClusterSettingController', '/WEIGHT:50', '/ONLY:yes'],
      { server },
    );
    expect(output).toContain('- these Virtual Hubs become dynamic: DEFAULT\n');
    expect(output).toContain('kept on the server in /data/backup.json.');
    expect(server.calls.at(-1)?.params).toEqual({ ServerType_u32: 1, Weight_u32: 50, ControllerOnly_bool: true });
  });

  test('to member sends the hash of the password, never the password', async () => {
    const server = new FakeServer(answers);
    const line = [
      'ClusterSettingMember',
      'ctl.example.org:5555',
      '/IP:none',
      '/PORTS:443, 992',
      '/PASSWORD:secret words',
    ];
    expect((await run(server, ...line)).code).toBe(0);
    expect(server.calls.at(-1)?.params).toEqual({
      ServerType_u32: 2,
      PublicIp_ip: '0.0.0.0',
      Ports_u32: [443, 992],
      ControllerName_str: 'ctl.example.org',
      ControllerPort_u32: 5555,
      MemberPassword_bin: sha0('secret words').toString('base64'),
      Weight_u32: 100,
    });
    expect(JSON.stringify(server.calls)).not.toContain('secret words');
  });

  test('on another SoftEther server prints nothing but that it worked', async () => {
    const server = new FakeServer({ GetFarmSetting: {}, SetFarmSetting: { ServerType_u32: 0 } });
    const { output, code } = await hubfarm(['cmd', 'localhost:443', '/CMD', 'ClusterSettingStandalone'], { server });
    expect(output).toMatch(/as Standalone\nThe command completed successfully\.\n/);
    expect(code).toBe(0);
  });

  test.each([
    ['ctl.example.org', '/PORTS:443'],
    ['ctl.example.org:0', '/PORTS:443'],
    ['ctl.example.org:443', '/PORTS:https'],
    ['ctl.example.org:443', '/PORTS:,'],
    ['ctl.example.org:443', '/PORTS:443 /IP:fe80::1'],
  ])('with words that make no sense is not even asked for: %s %s', async (controller, options) => {
    const server = new FakeServer(answers);
    const { code } = await run(server, 'ClusterSettingMember', controller, ...options.split(' '), '/PASSWORD:x');
    expect(code).not.toBe(0);
    expect(server.methods).not.toContain('SetFarmSetting');
  });
});
