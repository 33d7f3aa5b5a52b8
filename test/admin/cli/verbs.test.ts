import { describe, expect, test } from 'vitest';
import { verbTable } from '../../../src/admin/cli/verbs/verb-table.ts';
import { FakeFiles, FakeServer, FakeTerminal, hubfarm, type Machine, type Run } from './fake-machine.ts';

const refused = (code: number, text: string) => ({ error: { code, message: `Error code ${code}: ${text}` } });
const hub = (name: string) => ({
  HubName_str: name,
  Online_bool: true,
  NumSessions_u32: 4,
  IsTrafficFilled_bool: true,
});

const newServer = (...hubs: string[]): FakeServer =>
  new FakeServer({
    EnumHub: { HubList: hubs.map(hub) },
    GetHub: { HubName_str: 'VPN', MaxSession_u32: 0, NoEnum_bool: false, Online_bool: true },
    SetHub: {},
    CreateHub: {},
    CreateUser: {},
    SetUser: {},
    GetUser: { Name_str: 'alice', AuthType_u32: 0, ExpireTime_dt: '1970-01-01T09:00:00.000Z' },
    DeleteUser: {},
    AddLocalBridge: {},
    SetServerPassword: {},
    GetConfig: { FileName_str: 'hubfarm.json', FileData_bin: Buffer.from('{"a":1}').toString('base64') },
    SetConfig: {},
  });

const run = (line: string, machine: Machine = {}): Promise<Run> => hubfarm(line.split(' '), machine);

describe('hubs', () => {
  test('are listed on one line each, with the columns that matter on a screen', async () => {
    const { output } = await run('hub list --server x', { server: newServer('VPN') });
    expect(output.split('\n')[0]).toBe('Virtual Hub Name|Status|Type      |Users|Sessions|Last Login|Transfer Bytes');
  });

  test('are listed with every column in CSV and JSON', async () => {
    const csv = await run('hub list --server x --csv', { server: newServer('VPN') });
    expect(csv.output.split('\n')[0]?.split(',')).toHaveLength(13);
    const json = await run('hub list --server x --json', { server: newServer('VPN') });
    expect(Object.keys((JSON.parse(json.output) as object[])[0] ?? {})).toHaveLength(13);
  });

  test('without a password get one that nobody knows, so nobody administers them alone', async () => {
    const server = newServer();
    const { code, output } = await run('hub create VPN --server x', { server });
    expect(code).toBe(0);
    expect(output).toBe('hub VPN created\n');
    const { HashedPassword_bin: hashed } = server.paramsOf('CreateHub');
    // SHA-0 of the empty password.
    expect(hashed).not.toBe('+WzqGYrRxWF6whqE48nIKRCKMq0=');
    expect(Buffer.from(hashed as string, 'base64')).toHaveLength(20);
  });

  test('are made dynamic on a cluster controller unless told otherwise', async () => {
    const server = newServer();
    server.answers.set('GetServerInfo', { ServerType_u32: 1 });
    await run('hub create A --server x', { server });
    expect(server.paramsOf('CreateHub')['HubType_u32']).toBe(2);
    await run('hub create B --server x --static', { server });
    expect(server.paramsOf('CreateHub')['HubType_u32']).toBe(1);
    expect((await run('hub create C --server x --static --dynamic', { server })).code).toBe(2);
  });

  test('are changed without losing what is not changed', async () => {
    const server = newServer('VPN');
    server.answers.set('GetHub', { HubName_str: 'VPN', MaxSession_u32: 7, NoEnum_bool: false, Online_bool: false });
    expect((await run('hub set VPN --server x --hidden', { server })).code).toBe(0);
    expect(server.paramsOf('SetHub')).toMatchObject({ MaxSession_u32: 7, NoEnum_bool: true, Online_bool: false });
    expect((await run('hub set VPN --server x', { server })).code).toBe(2);
    expect((await run('hub set VPN --server x --max-sessions many', { server })).code).toBe(2);
  });
});

describe('users', () => {
  test('get a password that is made up and shown once where nobody can be asked', async () => {
    const server = newServer('VPN');
    const { output } = await run('user add alice --hub VPN --server x --json', { server });
    const { password } = JSON.parse(output) as { password: string };
    expect(password).toMatch(/^[a-zA-Z2-9]{20}$/);
    expect(server.paramsOf('CreateUser')).toMatchObject({ HubName_str: 'VPN', Name_str: 'alice', AuthType_u32: 1 });
  });

  test('get the password of a file', async () => {
    const server = newServer('VPN');
    const files = new FakeFiles({ pw: 'alicepw\n' });
    const { output } = await run('user add alice --hub VPN --server x --password-file pw', { server, files });
    expect(server.paramsOf('CreateUser')['HashedKey_bin']).toBe('HojyYrp1eNEZ5O33WG4bYNCbIEU=');
    expect(output).toBe('user alice added to hub VPN\n');
  });

  test('get the password that a person types twice', async () => {
    const server = newServer('VPN');
    const terminal = new FakeTerminal(['a', 'b', 'alicepw', 'alicepw']);
    await run('user add alice --hub VPN --server x --admin-password y', { server, terminal });
    expect(server.paramsOf('CreateUser')['HashedKey_bin']).toBe('HojyYrp1eNEZ5O33WG4bYNCbIEU=');
  });

  test('may log in without a password', async () => {
    const server = newServer('VPN');
    await run('user add guest --hub VPN --server x --anonymous', { server });
    expect(server.paramsOf('CreateUser')['AuthType_u32']).toBe(0);
    const both = await run('user add guest --hub VPN --server x --anonymous --certificate c', { server });
    expect(both.code).toBe(2);
  });

  test('expire at the end of a day, at a moment, or never', async () => {
    const server = newServer('VPN');
    await run('user set alice --hub VPN --server x --expires 2027-12-31', { server });
    expect(server.paramsOf('SetUser')['ExpireTime_dt']).toBe(new Date(2027, 11, 31, 23, 59, 59).toISOString());
    await run('user set alice --hub VPN --server x --expires 2027-12-31T00:00:00Z', { server });
    expect(server.paramsOf('SetUser')['ExpireTime_dt']).toBe('2027-12-31T00:00:00.000Z');
    await run('user set alice --hub VPN --server x --expires never', { server });
    expect(server.paramsOf('SetUser')['ExpireTime_dt']).toBe(0);
    expect((await run('user set alice --hub VPN --server x --expires soon', { server })).code).toBe(2);
  });

  test('who never expire are written back without a date', async () => {
    const server = newServer('VPN');
    await run('user set alice --hub VPN --server x --note hi', { server });
    expect(server.paramsOf('SetUser')).not.toHaveProperty('ExpireTime_dt');
  });
});

describe('the hub of a verb', () => {
  test('is the only one where there is one', async () => {
    const server = newServer('VPN');
    await run('user remove bob --server x', { server });
    expect(server.paramsOf('DeleteUser')).toMatchObject({ HubName_str: 'VPN', Name_str: 'bob' });
  });

  test('must be named where there are several', async () => {
    const { code, errors } = await run('user remove bob --server x', { server: newServer('A', 'B') });
    expect(code).toBe(2);
    expect(errors).toBe('hubfarm: which hub? add --hub: A, B\n');
  });
});

describe('the server', () => {
  test('gets a new administrator password, never an empty one', async () => {
    const server = newServer();
    await run('server passwd --server x --password new', { server });
    expect(server.methods).toEqual(['SetServerPassword']);
    expect((await hubfarm(['server', 'passwd', '--server', 'x', '--password', ''], { server })).code).toBe(2);
  });

  test('gives its configuration away as a file for its owner alone, and takes one back', async () => {
    const server = newServer();
    const files = new FakeFiles();
    await run('config export out.json --server x', { server, files });
    expect(files.text('out.json')).toBe('{"a":1}');
    expect(files.modes.get('out.json')).toBe(0o600);
    await run('config import out.json --server x', { server, files });
    expect(server.paramsOf('SetConfig')['FileData_bin']).toBe(Buffer.from('{"a":1}').toString('base64'));
    expect(JSON.parse((await run('config export --server x', { server })).output)).toEqual({ a: 1 });
  });

  test('bridges to a TAP device', async () => {
    const server = newServer('VPN');
    await run('bridge create tap1 --tap --server x', { server });
    expect(server.paramsOf('AddLocalBridge')).toEqual({
      HubNameLB_str: 'VPN',
      DeviceName_str: 'tap1',
      TapMode_bool: true,
    });
  });

  test('bridges to an interface that is not there, and says so', async () => {
    const server = newServer('VPN');
    server.answers.set('EnumEthernet', { EthList: [{ DeviceName_str: 'eth1' }] });
    const there = await run('bridge create eth1 --server x', { server });
    expect(there.output).toBe('hub VPN and eth1 are bridged\n');
    const { code, output } = await run('bridge create eht1 --server x', { server });
    expect(code).toBe(0);
    expect(output).toContain('hub VPN and eht1 are bridged, once there is such an interface');
  });
});

describe('what goes wrong', () => {
  test('is one clear line and the number of the kind of failure', async () => {
    const server = newServer('VPN');
    server.answers.set('DeleteUser', refused(29, 'Object not found.'));
    const { code, output, errors } = await run('user remove bob --server x', { server });
    expect([code, output, errors]).toEqual([1, '', 'hubfarm: error 29: Object not found.\n']);
  });

  test('is JSON with --json', async () => {
    const server = newServer('VPN');
    server.answers.set('DeleteUser', refused(29, 'Object not found.'));
    const { code, errors } = await run('user remove bob --server x --json', { server });
    expect(code).toBe(1);
    expect(JSON.parse(errors)).toEqual({ error: { code: 29, message: 'Object not found.' } });
  });

  test.each([
    ['nonsense'],
    ['hub'],
    ['hub nonsense'],
    ['hub create'],
    ['hub list --nonsense'],
    ['listener create 0 --server x'],
  ])('hubfarm %s is a usage error', async (line) => {
    const { code, output, errors } = await run(line);
    expect(code).toBe(2);
    expect(output).toBe('');
    expect(errors).not.toBe('');
    expect(errors).not.toContain('    at ');
  });

  test('a verb that a noun does not have is named, with those that it has, whatever follows it', async () => {
    const { errors } = await run('hub creat VPN --static');
    expect(errors).toBe('hubfarm: hubfarm hub has no "creat", but create, list, show, set, online, offline, delete\n');
  });

  test('an answer that is no JSON-RPC says so', async () => {
    const server = newServer();
    server.answers.set('EnumHub', refused(33, 'Unsupported.'));
    const { errors } = await run('hub list --server x', { server });
    expect(errors).toBe('hubfarm: error 33: Unsupported.\n');
  });
});

test('--version and --help end with 0', async () => {
  expect(await hubfarm(['--version'])).toMatchObject({ code: 0, output: '1.2.3\n' });
  const help = await hubfarm(['--help']);
  expect(help.code).toBe(0);
  expect(help.output).toContain('Examples:');
});

test('every verb has a help text of its own', async () => {
  for (const { noun, verb, about } of verbTable) {
    const { code, output } = await hubfarm([noun, ...(verb === '' ? [] : [verb]), '--help']);
    expect(code).toBe(0);
    expect(output).toContain(about);
    expect(output).toContain('--json');
  }
});

test('hub show is the state and the settings of a hub in one table', async () => {
  const server = newServer('VPN');
  server.answers.set('GetHubStatus', { HubName_str: 'VPN', Online_bool: true, NumUsers_u32: 2 });
  const { output } = await run('hub show VPN --server x', { server });
  const titles = output.split('\n').map((line) => line.split('|')[0]?.trim());
  expect(titles.slice(0, 4)).toEqual(['Item', expect.stringMatching(/^-+\+/), 'Virtual Hub Name', 'Status']);
  expect(titles.filter((title) => title === 'Status')).toHaveLength(1);
  expect(titles).toContain('Max Number of Sessions');
  const json = await run('hub show VPN --server x --json', { server });
  expect(JSON.parse(json.output)).toMatchObject({
    name: 'VPN',
    users: 2,
    maxSessions: null,
    anonymousEnumeration: true,
  });
});
