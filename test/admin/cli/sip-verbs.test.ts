import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAccounts } from '../../../src/admin/cli/verbs/account-csv.ts';
import type { JsonObject } from '../../../src/admin/cli/json-document.ts';
import { FakeFiles, FakeServer, FakeTerminal, hubfarm, type Machine, type Run } from './fake-machine.ts';

const run = (line: string, machine: Machine): Promise<Run> => hubfarm(line.split(' '), machine);
const problemsOf = (text: string): string[] =>
  readAccounts(text, 'example.org').problems.map(({ line, reason }) => `${line}: ${reason}`);
const fieldsOf = (text: string): JsonObject[] =>
  readAccounts(text, 'example.org').accounts.map(({ line, fields }) => ({ line, ...fields }));

describe('a file of accounts', () => {
  test('has user, password, and what else there is, a line each', () => {
    expect(fieldsOf('anna,secret\r\nben, with space ,Ben B.,+49 b,2\r\n# no account\n\ncarol@Example.org,x')).toEqual([
      { line: 1, Username_str: 'anna', Password_utf: 'secret' },
      {
        line: 2,
        Username_str: 'ben',
        Password_utf: ' with space ',
        DisplayName_utf: 'Ben B.',
        Aliases_str: '+49,b',
        MaxContacts_u32: 2,
      },
      { line: 5, Username_str: 'carol', Password_utf: 'x' },
    ]);
  });

  test('may name its columns in the first line', () => {
    expect(fieldsOf('Name,HA1_MD5,comment,Username\nAnna,abc,hello,anna\n')).toEqual([
      { line: 2, Username_str: 'anna', DisplayName_utf: 'Anna', Ha1Md5_str: 'abc' },
    ]);
  });

  test('has quotes where values have commas, quotes or line ends (RFC 4180)', () => {
    expect(fieldsOf('"anna","a,""b""\nc",Anna\nben,x\n')).toEqual([
      { line: 1, Username_str: 'anna', Password_utf: 'a,"b"\nc', DisplayName_utf: 'Anna' },
      { line: 3, Username_str: 'ben', Password_utf: 'x' },
    ]);
  });

  test('that is no text is told of without filling the screen, or changing it', () => {
    const { problems } = readAccounts(`\u001b[2J${'x'.repeat(5_000)}@elsewhere,secret\n`, 'example.org');
    expect(problems).toHaveLength(1);
    expect(problems[0]!.reason).toMatch(/^\ufffd\[2Jx{76}… is not of example.org$/);
  });

  test('has its bad lines named by their numbers', () => {
    const text = [
      'anna,x',
      ',x',
      'ben',
      'carol@other.test,x',
      'anna,y',
      'dave,x,,,many',
      'a,b,c,d,1,f',
      'f,"x"y',
      'g,x',
    ];
    expect(problemsOf(text.join('\n'))).toEqual([
      '2: no user',
      '3: ben has no password',
      '4: carol@other.test is not of example.org',
      '5: anna is in line 1 already',
      '6: "many" is no number of contacts from 0 to 100',
      '7: 6 values where 5 are known',
      '8: text behind a closing quote',
    ]);
    expect(problemsOf('a,x\ne,"x\n')).toEqual(['2: a quote is not closed']);
    expect(problemsOf('anna;x')).toEqual(['1: anna;x has no password: put commas between the values']);
  });

  test('gives back every user and password that was written as CSV', () => {
    const value = fc.string({
      minLength: 1,
      unit: fc.constantFrom('a', 'b', ' ', ',', '"', '\n', '\r', ';', '#', '@', 'é'),
    });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), (passwords) => {
        const lines = passwords.map((text, at) => `u${at},"${text.replaceAll('"', '""')}"\n`).join('');
        const read = fieldsOf(lines);
        expect(read.map((fields) => fields['Password_utf'])).toEqual(passwords);
      }),
    );
  });

  test('that is anything else never stops the program', () => {
    const part = fc.constantFrom('a', ',', '"', '\n', '\r\n', '@', '#', 'user', ' ', '""');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const { accounts, problems } = readAccounts(parts.join(''), 'example.org');
        const lines = parts.join('').split('\n').length;
        for (const { line } of [...accounts, ...problems]) expect(line).toBeLessThanOrEqual(lines);
      }),
    );
  });
});

describe('hubfarm account import', () => {
  const server = (): FakeServer => {
    const rows: JsonObject[] = [];
    return new FakeServer({
      HubfarmSipUploadAccounts: (params) => {
        rows.push(...(params['AccountList'] as readonly JsonObject[]));
        return { UploadId_str: 'up1', NumAccounts_u32: rows.length };
      },
      HubfarmSipImportAccounts: () => ({
        Done_bool: true,
        NumAdded_u32: rows.length,
        NumAccounts_u32: rows.length,
        RefusedList: [],
      }),
    });
  };
  const import12k = 'account import a.csv --domain example.org --server x';
  const many = Array.from({ length: 12_000 }, (_, at) => `u${at},pw${at}`).join('\n');

  test('uploads in parts, then makes all of them', async () => {
    const machine = { server: server(), files: new FakeFiles({ 'a.csv': many }) };
    const { code, output } = await run(import12k, machine);
    expect([code, output]).toEqual([0, '12000 accounts added to example.org\n']);
    expect(machine.server.methods).toEqual([
      'HubfarmSipUploadAccounts',
      'HubfarmSipUploadAccounts',
      'HubfarmSipUploadAccounts',
      'HubfarmSipImportAccounts',
    ]);
    expect(machine.server.paramsOf('HubfarmSipUploadAccounts')).toMatchObject({
      UploadId_str: 'up1',
      Domain_str: 'example.org',
    });
  });

  test('shows a person how far it is', async () => {
    const terminal = new FakeTerminal([], true);
    await run(`${import12k} --admin-password p`, {
      server: server(),
      terminal,
      files: new FakeFiles({ 'a.csv': many }),
    });
    expect(terminal.errors).toContain('5000 of 12000 read');
  });

  test('asks the server for nothing when a line is bad, and names it', async () => {
    const machine = { server: server(), files: new FakeFiles({ 'a.csv': 'anna,x\nben\n' }) };
    const { code, errors } = await run(import12k, machine);
    expect(code).toBe(1);
    expect(errors).toContain('a.csv: nothing was imported');
    expect(errors).toContain('line 2: ben has no password');
    expect(machine.server.methods).toEqual([]);
  });

  test.each([
    ['Windows-1252', Buffer.from('anna,x,Anna\nben,y,B\u00e9n\ncarol,z\n', 'latin1'), 2],
    ['UTF-16', Buffer.from('\ufeffanna,x\nben,y\n', 'utf16le'), 1],
  ])('refuses a file in %s before its names are spoilt, and names the line', async (_encoding, bytes, line) => {
    const machine = { server: server(), files: new FakeFiles({ 'a.csv': bytes }) };
    const { code, errors } = await run(`${import12k} --partial`, machine);
    expect([code, errors]).toEqual([1, expect.stringContaining(`a.csv: line ${line} is not UTF-8`)]);
    expect(machine.server.methods).toEqual([]);
  });

  test('names the lines that the server refuses', async () => {
    const machine = { server: server(), files: new FakeFiles({ 'a.csv': '# people\nanna,x\nben,y\n' }) };
    machine.server.answers.set('HubfarmSipImportAccounts', {
      Done_bool: true,
      NumAdded_u32: 0,
      NumAccounts_u32: 0,
      RefusedList: [{ Row_u32: 1, Username_str: 'ben', Reason_str: 'there is an account ben@example.org already' }],
    });
    const { code, errors } = await run(import12k, machine);
    expect(code).toBe(1);
    expect(errors).toContain('line 3: there is an account ben@example.org already');
  });

  test('passes over bad lines when told to', async () => {
    const machine = { server: server(), files: new FakeFiles({ 'a.csv': 'anna,x\nben\n' }) };
    const { code, output } = await run(`${import12k} --partial --json`, machine);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({
      domain: 'example.org',
      added: 1,
      refused: [{ line: 2, reason: 'ben has no password' }],
    });
    expect(machine.server.paramsOf('HubfarmSipImportAccounts')).toMatchObject({ Partial_bool: true });
  });

  test('needs a domain', async () => {
    const { code } = await run('account import a.csv --server x', {
      server: server(),
      files: new FakeFiles({ 'a.csv': 'a,b' }),
    });
    expect(code).toBe(2);
  });
});

describe('hubfarm account', () => {
  const server = (): FakeServer =>
    new FakeServer({
      HubfarmSipCreateAccount: (params) => ({ Account_str: params['Account_str'] ?? '' }),
      HubfarmSipSetAccount: {},
      HubfarmSipDeleteAccount: {},
      HubfarmSipEnumDomain: { DomainList: [{ Domain_str: 'a.test' }, { Domain_str: 'b.test' }] },
      HubfarmSipEnumAccount: ({ Domain_str, After_str }) => ({
        NumAccounts_u32: Domain_str === 'a.test' ? 2 : 0,
        AccountList:
          Domain_str === 'a.test'
            ? [
                {
                  Account_str: `${After_str === '' ? 'u1' : 'u2'}@a.test`,
                  Username_str: After_str === '' ? 'u1' : 'u2',
                },
              ]
            : [],
      }),
    });

  test('add makes up a password where nobody can be asked, and shows it once', async () => {
    const machine = { server: server() };
    const { output } = await run(
      'account add anna@example.org --create-domain --alias +49,a --server x --json',
      machine,
    );
    const { account, password } = JSON.parse(output) as { account: string; password: string };
    expect(account).toBe('anna@example.org');
    expect(machine.server.paramsOf('HubfarmSipCreateAccount')).toMatchObject({
      Account_str: 'anna@example.org',
      Password_utf: password,
      CreateDomain_bool: true,
      Aliases_str: ['+49', 'a'],
    });
  });

  test('takes the domain from the account or from --domain', async () => {
    const machine = { server: server() };
    await run('account remove anna --domain example.org --server x', machine);
    expect(machine.server.paramsOf('HubfarmSipDeleteAccount')).toMatchObject({ Account_str: 'anna@example.org' });
    expect((await run('account remove anna --server x', machine)).code).toBe(2);
  });

  test('set changes what is given, passwd the password', async () => {
    const machine = { server: server() };
    await run('account set anna@a.test --disable --contacts 3 --server x', machine);
    expect(machine.server.paramsOf('HubfarmSipSetAccount')).toEqual({
      Account_str: 'anna@a.test',
      Enabled_bool: false,
      MaxContacts_u32: 3,
    });
    for (const wrong of ['', ' --enable --disable', ' --contacts many']) {
      expect((await run(`account set anna@a.test${wrong} --server x`, machine)).code).toBe(2);
    }
    await run('account passwd anna@a.test --password new --server x', machine);
    expect(machine.server.paramsOf('HubfarmSipSetAccount')).toEqual({
      Account_str: 'anna@a.test',
      Password_utf: 'new',
    });
  });

  test('list asks for all pages of all domains', async () => {
    const { output } = await run('account list --server x --json', { server: server() });
    expect((JSON.parse(output) as { account: string }[]).map(({ account }) => account)).toEqual([
      'u1@a.test',
      'u2@a.test',
    ]);
  });
});

describe('hubfarm sip and domain', () => {
  test('list registrations, page after page', async () => {
    const server = new FakeServer({
      HubfarmSipEnumRegistration: ({ After_str }) => ({
        RegistrationList:
          After_str === 'b@x'
            ? []
            : [
                {
                  Account_str: After_str === '' ? 'a@x' : 'b@x',
                  Contact_str: 'sip:c',
                  Priority_u32: 500,
                  Transport_str: 'udp',
                },
              ],
      }),
    });
    const { output } = await run('sip registrations --server x --json', { server });
    expect(JSON.parse(output)).toMatchObject([
      { account: 'a@x', priority: 0.5 },
      { account: 'b@x', member: null },
    ]);
  });

  test('show the state of the server', async () => {
    const server = new FakeServer({
      HubfarmSipGetStatus: {
        NumAccounts_u32: 3,
        ListenerList: [{ Transport_str: 'udp', Address_str: '*', Port_u32: 5060, Error_str: 'in use' }],
        FigureList: [{ Name_str: 'absorbed', Value_u64: 7 }],
      },
    });
    const text = await run('sip status --server x', { server });
    expect(text.output).toMatch(/\|udp *\|\* *\|5060\|in use/);
    const { output } = await run('sip status --server x --json', { server });
    expect(JSON.parse(output)).toMatchObject({
      accounts: 3,
      listeners: [{ error: 'in use' }],
      figures: [{ value: 7 }],
    });
  });

  test('make and change domains', async () => {
    const server = new FakeServer({
      HubfarmSipCreateDomain: (params) => params,
      HubfarmSipSetDomain: {},
      HubfarmSipDeleteDomain: { NumAccounts_u32: 5 },
    });
    await run('domain add a.test --alias b.test,192.0.2.1 --server x', { server });
    expect(server.paramsOf('HubfarmSipCreateDomain')).toEqual({
      Domain_str: 'a.test',
      Aliases_str: ['b.test', '192.0.2.1'],
    });
    await run('domain set a.test --server x', { server });
    expect(server.paramsOf('HubfarmSipSetDomain')).toEqual({ Domain_str: 'a.test', Aliases_str: [] });
    expect((await run('domain remove a.test --server x', { server })).output).toBe(
      'domain a.test removed, with 5 accounts\n',
    );
  });
});
