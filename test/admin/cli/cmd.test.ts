import { describe, expect, test } from 'vitest';
import { commandTable } from '../../../src/admin/cli/commands/table.ts';
import { FakeFiles, FakeServer, FakeTerminal, hubfarm } from './fake-machine.ts';

const refused = (code: number, text: string) => ({ error: { code, message: `Error code ${code}: ${text}` } });
const hubStatus = { HubName_str: 'VPN', Online_bool: true };
const cmd = (...words: string[]): string[] => ['cmd', 'localhost', ...words];

const newServer = (): FakeServer =>
  new FakeServer({
    GetHubStatus: hubStatus,
    EnumHub: { HubList: [{ HubName_str: 'VPN', Online_bool: true, NumUsers_u32: 3 }] },
    GetUser: {
      HubName_str: 'VPN',
      Name_str: 'alice',
      GroupName_str: 'staff',
      Realname_utf: 'Alice',
      Note_utf: 'n',
      ExpireTime_dt: '2027-01-02T03:04:05.000Z',
      AuthType_u32: 1,
      HashedKey_bin: 'AAAA',
      NumLogin_u32: 7,
      'Recv.UnicastCount_u64': 5,
    },
    SetUser: {},
    CreateUser: {},
    GetHub: { HubName_str: 'VPN', MaxSession_u32: 9, NoEnum_bool: false, Online_bool: true, HubType_u32: 0 },
    SetHub: {},
  });

describe('one command', () => {
  test('greets, echoes, names the command, and says that it worked', async () => {
    const { code, output } = await hubfarm(
      cmd('/ADMINHUB:VPN', '/CMD', 'usercreate', 'bob', '/group:none', '/REALNAME:Bob B', '/n:none'),
      {
        server: newServer(),
      },
    );
    expect(code).toBe(0);
    expect(output.split('\n')).toEqual([
      'hubfarm 1.2.3',
      '',
      'Connection has been established with VPN Server "localhost" (port 443).',
      '',
      'You have administrator privileges for the entire VPN Server.',
      '',
      'The Virtual Hub "VPN" has been selected.',
      'VPN Server/VPN>usercreate bob /group:none "/REALNAME:Bob B" /n:none',
      'UserCreate command - Create User',
      'The command completed successfully.',
      '',
      '',
    ]);
  });

  test('a new user gets a password that nobody knows', async () => {
    const server = newServer();
    await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'UserCreate', 'bob', '/GROUP:none', '/REALNAME:none', '/NOTE:none'), {
      server,
    });
    const { HashedKey_bin: key, ...rest } = server.paramsOf('CreateUser');
    expect(Buffer.from(key as string, 'base64')).toHaveLength(20);
    expect(rest).toMatchObject({ HubName_str: 'VPN', Name_str: 'bob', GroupName_str: '', AuthType_u32: 1 });
  });

  test('a change to a user writes back what it does not change, and nothing that is not the administrator’s', async () => {
    const server = newServer();
    await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'UserAnonymousSet', 'alice'), { server });
    expect(server.paramsOf('SetUser')).toEqual({
      HubName_str: 'VPN',
      Name_str: 'alice',
      GroupName_str: 'staff',
      Realname_utf: 'Alice',
      Note_utf: 'n',
      ExpireTime_dt: '2027-01-02T03:04:05.000Z',
      AuthType_u32: 0,
      HashedKey_bin: '',
      NtLmSecureHash_bin: '',
      UserX_bin: '',
      Serial_bin: '',
      CommonName_utf: '',
      RadiusUsername_utf: '',
      NtUsername_utf: '',
    });
  });

  test('the password of a user is sent as the hashes that the server keeps', async () => {
    const server = newServer();
    await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'UserPasswordSet', 'alice', '/PASSWORD:alicepw'), { server });
    // What a vpnserver stored for the same user and password.
    expect(server.paramsOf('SetUser')).toMatchObject({
      HashedKey_bin: 'HojyYrp1eNEZ5O33WG4bYNCbIEU=',
      NtLmSecureHash_bin: 'bXnlTPx+6bAoW/v+rMBIxQ==',
    });
  });

  test('a change to a hub writes back its other options', async () => {
    const server = newServer();
    await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'SetEnumDeny'), { server });
    expect(server.paramsOf('SetHub')).toMatchObject({ MaxSession_u32: 9, NoEnum_bool: true, Online_bool: true });
  });

  test('what the server refuses is shown as vpncmd shows it, and ends with 1', async () => {
    const server = newServer();
    server.answers.set('GetUser', refused(29, 'Object not found.'));
    const { code, output } = await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'UserGet', 'nobody'), { server });
    expect(code).toBe(1);
    expect(output).toContain('Error occurred. (Error code: 29)\nObject not found.\n');
    expect(output).not.toContain('completed');
  });

  test.each([
    ['Nope', '"Nope": Command not found.'],
    ['Hub', 'completed'],
    ['UserCreate bob /FOO:x', 'UserCreate has no parameter /FOO: it takes /GROUP, /REALNAME, /NOTE'],
    ['ServerInfoGet /FOO', 'ServerInfoGet has no parameter /FOO: it takes none'],
    ['ListenerCreate 70000', 'Port number is invalid'],
    ['UserDelete none', 'You cannot make a blank specification.'],
    ['UserCreate bob', 'UserCreate needs /GROUP:value'],
    ['UserExpiresSet alice /EXPIRES:soon', 'The date and time specification is invalid'],
  ])('%s: %s', async (line, message) => {
    const { code, output } = await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', ...line.split(' ')), { server: newServer() });
    expect(output).toContain(message);
    expect(code).toBe(message === 'completed' ? 0 : 2);
  });

  test('a command for a hub needs one to be selected', async () => {
    const { code, output } = await hubfarm(cmd('/CMD', 'UserList'), { server: newServer() });
    expect(output).toContain('first select the Virtual Hub');
    expect(code).toBe(2);
  });

  test('a hub that is not there ends it before the command is run', async () => {
    const server = newServer();
    server.answers.set('GetHubStatus', refused(8, 'The specified Virtual Hub does not exist.'));
    const { code, errors } = await hubfarm(cmd('/ADMINHUB:NOPE', '/CMD', 'HubList'), { server });
    expect(code).toBe(1);
    expect(errors).toContain('hub NOPE');
    expect(server.methods).toEqual(['GetHubStatus']);
  });

  test('a command that is vpncmd’s but not ours says so', async () => {
    const { code, output } = await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'GroupList'), { server: newServer() });
    expect(output).toContain('GroupList: not available in this version of hubfarm');
    expect(code).toBe(1);
  });

  test('a path may be given as vpncmd wants it, and as everybody writes it', async () => {
    for (const path of ['//tmp/c.pem', '/tmp/c.pem']) {
      const server = newServer();
      server.answers.set('GetServerCert', { Cert_bin: 'AAAA' });
      const { output } = await hubfarm(cmd('/CMD', 'ServerCertGet', path), { server });
      expect(output).toContain('not a certificate');
    }
  });

  test('words that nothing takes are named', async () => {
    const { errors } = await hubfarm(cmd('/ADMINHUB:VPN', '/CMD', 'UserDelete', 'bob', 'B'), { server: newServer() });
    expect(errors).toContain('ignored: B');
  });
});

describe('a person', () => {
  test('is asked for what is missing, and again for what is wrong', async () => {
    const server = newServer();
    const terminal = new FakeTerminal(['', 'bob', 'none', 'Bob', '']);
    const { code, output } = await hubfarm(cmd('/PASSWORD:x', '/ADMINHUB:VPN', '/CMD', 'UserCreate'), {
      server,
      terminal,
    });
    expect(code).toBe(0);
    expect(terminal.prompts).toEqual([
      'User Name: ',
      'User Name: ',
      'Assigned Group Name: ',
      'User Full Name: ',
      'User Description: ',
    ]);
    expect(output).toContain('You cannot make a blank specification.');
    expect(server.paramsOf('CreateUser')).toMatchObject({ Name_str: 'bob', GroupName_str: '', Realname_utf: 'Bob' });
  });

  test('types a new password twice until both are the same', async () => {
    const server = newServer();
    const terminal = new FakeTerminal(['one', 'two', 'alicepw', 'alicepw']);
    const argv = cmd('/PASSWORD:x', '/ADMINHUB:VPN', '/CMD', 'UserPasswordSet', 'alice');
    expect((await hubfarm(argv, { server, terminal })).code).toBe(0);
    expect(server.paramsOf('SetUser')).toMatchObject({ HashedKey_bin: 'HojyYrp1eNEZ5O33WG4bYNCbIEU=' });
  });

  test('who gives up leaves everything as it was', async () => {
    const server = newServer();
    const terminal = new FakeTerminal(['bob']);
    const argv = cmd('/PASSWORD:x', '/ADMINHUB:VPN', '/CMD', 'UserCreate');
    expect((await hubfarm(argv, { server, terminal })).code).toBe(2);
    expect(server.methods).toEqual(['GetHubStatus']);
  });

  test('works in a shell that remembers the selected hub', async () => {
    const server = newServer();
    const terminal = new FakeTerminal(['pw', 'UserList', 'Hub VPN', '', 'sl', 'Hub', 'exit', 'never']);
    server.answers.set('EnumSession', { SessionList: [] });
    const { code, output } = await hubfarm(['cmd', 'localhost'], { server, terminal });
    expect(code).toBe(0);
    expect(terminal.prompts.slice(1)).toEqual([
      'VPN Server>',
      'VPN Server>',
      'VPN Server/VPN>',
      'VPN Server/VPN>',
      'VPN Server/VPN>',
      'VPN Server>',
    ]);
    expect(output).toContain('first select the Virtual Hub');
    expect(output).toContain('The Virtual Hub selection has been unselected.');
    expect(server.methods).toEqual(['GetHubStatus', 'EnumSession']);
  });
});

describe('output', () => {
  test('JSON is the result alone', async () => {
    const { output } = await hubfarm(cmd('/CMD', 'HubList', '--json'), { server: newServer() });
    expect(JSON.parse(output)).toMatchObject([{ name: 'VPN', online: true, users: 3, lastLoginAt: null }]);
  });

  test('with --json an error is one line of JSON on standard error', async () => {
    const server = newServer();
    server.answers.set('EnumHub', refused(52, 'Not enough privileges.'));
    const { code, output, errors } = await hubfarm(cmd('--json', '/CMD', 'HubList'), { server });
    expect(code).toBe(1);
    expect(output).toBe('');
    expect(JSON.parse(errors)).toEqual({ error: { code: 52, message: 'Not enough privileges.' } });
  });

  test('with --json a server that is not there is one line of JSON too', async () => {
    const server = newServer();
    server.isUp = false;
    const { code, errors } = await hubfarm(cmd('--json', '/CMD', 'HubList'), { server });
    expect(code).toBe(3);
    expect(JSON.parse(errors)).toMatchObject({ error: { code: 'UNREACHABLE' } });
  });

  test('CSV is the table alone', async () => {
    const { output } = await hubfarm(cmd('/csv', '/CMD', 'ListenerList'), {
      server: new FakeServer({
        EnumListener: { ListenerList: [{ Ports_u32: 443, Enables_bool: true, Errors_bool: false }] },
      }),
    });
    expect(output).toBe('Port Number,Status\nTCP 443,Listening\n');
  });
});

describe('a batch', () => {
  const batch = '# set up\nHub VPN\n\nUserGet nobody\r\nUserDelete bob\n';
  const failing = (): FakeServer => {
    const server = newServer();
    server.answers.set('GetUser', refused(29, 'Object not found.'));
    server.answers.set('DeleteUser', {});
    return server;
  };

  test('runs every line, and ends with the code of the first that failed', async () => {
    const server = failing();
    const { code, output } = await hubfarm(cmd('/IN:setup.txt'), {
      server,
      files: new FakeFiles({ 'setup.txt': batch }),
    });
    expect(code).toBe(1);
    expect(server.methods).toEqual(['GetHubStatus', 'GetUser', 'DeleteUser']);
    expect(output).toContain('VPN Server/VPN>UserDelete bob');
  });

  test('keeps a copy with /OUT', async () => {
    const files = new FakeFiles({ 'setup.txt': batch, log: 'old' });
    const { output } = await hubfarm(cmd('/IN:setup.txt', '/OUT:log'), { server: failing(), files });
    expect(files.text('log')).toBe(output);
  });

  test('gives one JSON document for each command', async () => {
    const files = new FakeFiles({ 'setup.txt': 'Hub VPN\nUserDelete bob\nUserGet x\n' });
    const { output, errors } = await hubfarm(cmd('--json', '/IN:setup.txt'), { server: failing(), files });
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { command: 'Hub', result: { hub: 'VPN' } },
      { command: 'UserDelete', result: {} },
    ]);
    expect(JSON.parse(errors)).toEqual({ command: 'UserGet', error: { code: 29, message: 'Object not found.' } });
  });

  test('may come from standard input', async () => {
    const server = failing();
    const terminal = new FakeTerminal(['Hub VPN', 'UserDelete bob'], false);
    expect((await hubfarm(['cmd', 'localhost'], { server, terminal })).code).toBe(0);
    expect(server.methods).toEqual(['GetHubStatus', 'DeleteUser']);
  });

  test('a file that is not there is one clear line', async () => {
    const { code, errors } = await hubfarm(cmd('/IN:nope.txt'), { server: failing() });
    expect(code).toBe(1);
    expect(errors).toBe('hubfarm: cannot read nope.txt: it does not exist\n');
  });
});

describe('the command line of cmd', () => {
  test.each([
    [['cmd', 'UserList'], 2, 'write it behind /CMD'],
    [['cmd', 'a', 'b'], 2, 'one word too many'],
    [['cmd', '/BOGUS'], 2, 'is no option'],
    [['cmd', '--bogus'], 2, 'unknown option --bogus'],
    [['cmd', '--password-file'], 2, 'needs a value'],
    [['cmd', 'localhost', '/CLIENT', '/CMD', 'NicList'], 1, 'not available'],
  ])('%j ends with %d', async (argv, expected, message) => {
    const { code, errors } = await hubfarm(argv, { server: newServer() });
    expect(code).toBe(expected);
    expect(errors).toContain(message);
  });

  test('/HUB logs in as the administrator of that hub, and selects it', async () => {
    const server = newServer();
    const { output } = await hubfarm(cmd('/HUB:VPN', '/PASSWORD:hp', '/CMD', 'StatusGet'), { server });
    expect(server.calls.map(({ headers }) => headers['x-vpnadmin-hubname'])).toEqual(['VPN', 'VPN']);
    expect(output).toContain("You have administrator privileges for Virtual Hub 'VPN' on the VPN Server.");
    expect(output).toContain('VPN Server/VPN>StatusGet');
  });

  test('--help explains it', async () => {
    const { code, output } = await hubfarm(['cmd', '--help']);
    expect(code).toBe(0);
    expect(output).toContain('/ADMINHUB:hub');
  });
});

describe('help', () => {
  test.each([
    ['help', 'UserCreate'],
    ['UserCreate', '/?'],
    ['UserCreate', '?'],
    ['?UserCreate'],
    ['UserCreate?'],
    ['usercreate', '/help'],
  ])('%s %s describes a command from the table', async (...words) => {
    const { code, output } = await hubfarm(cmd('/CMD', ...words), { server: newServer() });
    expect(code).toBe(0);
    expect(output).toContain('Help for command "UserCreate"');
    expect(output).toContain('UserCreate [name] [/GROUP:group] [/REALNAME:realname] [/NOTE:note]');
  });

  test('lists what there is and what there is not', async () => {
    const { output } = await hubfarm(cmd('/CMD', 'help'), { server: newServer() });
    expect(output).toMatch(/You can use the following \d+ commands:/);
    expect(output).toContain(' UserList ');
    expect(output).toMatch(/not available in this version of hubfarm:[^]*GroupList/);
  });
});

test('the table says which calls each command makes', async () => {
  const values: Record<string, string> = {
    '[port]': '443',
    '[server:port]': 'x:443',
    IP: 'none',
    PORTS: '443',
    '[id]': '1',
    EXPIRES: '2027/01/01 0:0:0',
    VALUE: '1',
    SERIAL: '0a',
    NAME: 'MaxMac',
  };
  for (const { name, parameters, calls, needsHub } of commandTable) {
    const server = newServer();
    const everything = { ServerType_u32: 0, AuthType_u32: 1, CurrentTime_dt: '2026-01-01T00:00:00Z' };
    for (const method of [...calls, 'GetHubStatus']) server.answers.set(method, { HubName_str: 'VPN', ...everything });
    const words = parameters.map((parameter) => {
      const value = values[parameter.name] ?? 'x';
      return parameter.name.startsWith('[') ? value : `/${parameter.name}:${value}`;
    });
    const target = needsHub ? ['/ADMINHUB:VPN'] : [];
    await hubfarm(cmd(...target, '/CMD', name, ...words), { server, files: new FakeFiles({ x: 'no certificate' }) });
    const made = server.calls.slice(needsHub ? 2 : 1).map(({ method }) => method);
    // Some stop half-way here: there is no certificate to save or to read.
    const isFile = /Cert|Key|^Check$/.test(name) && name !== 'ServerCertRegenerate';
    expect(made, name).toEqual(isFile ? calls.slice(0, made.length) : calls);
  }
});
