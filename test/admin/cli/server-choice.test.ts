import { describe, expect, test } from 'vitest';
import { parseHostAndPort } from '../../../src/admin/cli/endpoint.ts';
import { parseFingerprint, parseKnownServers } from '../../../src/admin/cli/known-servers.ts';
import { FakeFiles, FakeServer, FakeTerminal, hubfarm } from './fake-machine.ts';

const pair = (digit: string): string => Array.from({ length: 32 }, () => digit.repeat(2)).join(':');
const selfSigned = { isVerified: false, problem: 'it is self-signed', fingerprint: pair('A'), commonName: 'vpn' };
const known = '/nowhere/.config/hubfarm/known-servers';
const list = ['hub', 'list', '--json'];

describe('which server', () => {
  test.each([
    ['vpn', { host: 'vpn', port: 443 }],
    ['vpn:5555', { host: 'vpn', port: 5555 }],
    ['vpn@992', { host: 'vpn', port: 992 }],
    ['[::1]:5555', { host: '::1', port: 5555 }],
    ['[2001:db8::1]', { host: '2001:db8::1', port: 443 }],
    ['2001:db8::1', { host: '2001:db8::1', port: 443 }],
  ])('%s is %j', (text, expected) => {
    expect(parseHostAndPort(text)).toEqual(expected);
  });

  test.each(['', 'vpn:0', 'vpn:65536', 'vpn:http', 'a b', 'https://vpn/'])('%j is none', (text) => {
    expect(() => parseHostAndPort(text)).toThrow('is no server');
  });

  test('without --server it is the local socket where one is, and no password is asked for', async () => {
    const files = new FakeFiles();
    files.sockets.add('./hubfarm-data/admin.sock');
    const server = new FakeServer({ EnumHub: { HubList: [] } });
    const { code } = await hubfarm(list, { server, files, terminal: new FakeTerminal([], true) });
    expect(code).toBe(0);
    expect(server.targets).toEqual([{ kind: 'unix', path: './hubfarm-data/admin.sock' }]);
    expect(server.calls[0]?.headers).not.toHaveProperty('x-vpnadmin-password');
  });

  test('a socket that somebody else has put into the current folder is not used', async () => {
    const files = new FakeFiles();
    files.sockets.add('./hubfarm-data/admin.sock').add('/var/lib/hubfarm/admin.sock');
    files.foreign.add('./hubfarm-data/admin.sock').add('/var/lib/hubfarm/admin.sock');
    const server = new FakeServer({ EnumHub: { HubList: [] } });
    await hubfarm(list, { server, files });
    expect(server.targets).toEqual([{ kind: 'unix', path: '/var/lib/hubfarm/admin.sock' }]);
  });

  test('a --data-dir without a socket is an error that names it', async () => {
    const { code, errors } = await hubfarm(['hub', 'list', '--data-dir', '/data']);
    expect(code).toBe(3);
    expect(errors).toContain('there is no /data/admin.sock');
  });

  test('without a socket it is localhost over HTTPS, and a failure says where the socket was looked for', async () => {
    const server = new FakeServer();
    server.isUp = false;
    const { code, errors } = await hubfarm(['hub', 'list'], { server });
    expect(server.targets[0]).toMatchObject({ kind: 'tls', host: 'localhost', port: 443 });
    expect(code).toBe(3);
    expect(errors).toContain('./hubfarm-data or /var/lib/hubfarm');
  });
});

describe('the password', () => {
  const remote = [...list, '--server', 'vpn'];
  const answering = (): FakeServer => {
    const server = new FakeServer({ EnumHub: { HubList: [] } });
    server.password = 'secret';
    return server;
  };

  test('comes from a file, without its line end', async () => {
    const files = new FakeFiles({ pw: 'secret\n' });
    expect((await hubfarm([...remote, '--password-file', 'pw'], { server: answering(), files })).code).toBe(0);
  });

  test('or from the environment', async () => {
    const environment = { HUBFARM_PASSWORD: 'secret' };
    expect((await hubfarm(remote, { server: answering(), environment })).code).toBe(0);
  });

  test('or from the option', async () => {
    expect((await hubfarm([...remote, '--password', 'secret'], { server: answering() })).code).toBe(0);
  });

  test('or from the person', async () => {
    const terminal = new FakeTerminal(['secret']);
    expect((await hubfarm(remote, { server: answering(), terminal })).code).toBe(0);
    expect(terminal.prompts).toEqual(['Administrator password of vpn:443: ']);
  });

  test('a wrong one ends with 4 and says how to give it', async () => {
    const { code, errors } = await hubfarm([...remote, '--password', 'guess'], { server: answering() });
    expect(code).toBe(4);
    expect(errors).toContain('"code":"AUTHENTICATION"');
    expect(errors).toContain('--password-file');
  });

  test('none at all says so', async () => {
    const { code, errors } = await hubfarm(['hub', 'list', '--server', 'vpn'], { server: answering() });
    expect(code).toBe(4);
    expect(errors).toContain('no password was given');
  });

  test('of a hub administrator goes with the name of the hub; that of the server administrator with none', async () => {
    const server = answering();
    await hubfarm([...remote, '--password', 'secret', '--hub-admin', 'VPN'], { server });
    await hubfarm([...remote, '--password', 'secret'], { server });
    expect(server.calls.map(({ headers }) => headers['x-vpnadmin-hubname'])).toEqual(['VPN', undefined]);
    expect(Object.keys(server.calls[1]?.headers ?? {})).not.toContain('x-vpnadmin-hubname');
  });

  test('travels as UTF-8, and cannot smuggle a header', async () => {
    const server = new FakeServer({ EnumHub: { HubList: [] } });
    await hubfarm([...remote, '--password', 'pässword'], { server });
    expect(Buffer.from(server.calls[0]?.headers['x-vpnadmin-password'] ?? '', 'latin1').toString('utf8')).toBe(
      'pässword',
    );
    expect((await hubfarm([...remote, '--password', 'a\r\nx: y'], { server })).code).toBe(2);
  });
});

describe('the certificate of the server', () => {
  const remote = [...list, '--server', 'vpn:5555', '--password', 'x'];
  const selfSignedServer = (): FakeServer => {
    const server = new FakeServer({ EnumHub: { HubList: [] } });
    server.identity = selfSigned;
    return server;
  };

  test('that nobody vouches for is refused in a script, with what to add', async () => {
    const server = selfSignedServer();
    const { code, errors } = await hubfarm(['hub', 'list', '--server', 'vpn:5555'], { server });
    expect(code).toBe(3);
    expect(errors).toContain('cannot be verified: it is self-signed');
    expect(errors).toContain(`add: --fingerprint sha256:${pair('A')}`);
    expect(server.calls).toEqual([]);
  });

  test('that is named with --fingerprint is believed, however it is written', async () => {
    for (const text of [pair('A'), `sha256:${pair('A')}`, pair('a').replaceAll(':', '')]) {
      expect((await hubfarm([...remote, '--fingerprint', text], { server: selfSignedServer() })).code).toBe(0);
    }
  });

  test('that is not the one named is refused even when an authority vouches for it', async () => {
    const server = new FakeServer();
    server.identity = { ...selfSigned, isVerified: true, problem: '' };
    const { code } = await hubfarm([...remote, '--fingerprint', pair('B')], { server });
    expect(code).toBe(3);
    expect(server.calls).toEqual([]);
  });

  test('--fingerprint takes nothing but a SHA-256', async () => {
    expect((await hubfarm([...remote, '--fingerprint', 'AA:BB'], { server: selfSignedServer() })).code).toBe(2);
  });

  test('a person is asked once; the answer is kept in a file of their own', async () => {
    const files = new FakeFiles();
    const terminal = new FakeTerminal(['yes']);
    expect((await hubfarm(remote, { server: selfSignedServer(), files, terminal })).code).toBe(0);
    expect(terminal.prompts[0]).toContain(pair('A'));
    expect(files.text(known)).toBe(`vpn:5555 sha256:${pair('A')}\n`);
    expect(files.modes.get(known)).toBe(0o600);
    expect((await hubfarm(remote, { server: selfSignedServer(), files })).code).toBe(0);
  });

  test('a person who does not say yes is not connected', async () => {
    const files = new FakeFiles();
    const server = selfSignedServer();
    const { code } = await hubfarm(remote, { server, files, terminal: new FakeTerminal(['']) });
    expect(code).toBe(3);
    expect(server.calls).toEqual([]);
    expect(files.text(known)).toBe('');
  });

  test('that has changed is refused, also to a person, until the line is deleted', async () => {
    const files = new FakeFiles({ [known]: `vpn:5555 sha256:${pair('B')}\n` });
    const terminal = new FakeTerminal(['yes']);
    const { code, errors } = await hubfarm(['hub', 'list', '--server', 'vpn:5555', '--password', 'x'], {
      server: selfSignedServer(),
      files,
      terminal,
    });
    expect(code).toBe(3);
    expect(errors).toContain('has CHANGED');
    expect(terminal.prompts).toEqual([]);
  });

  test('--insecure believes any', async () => {
    expect((await hubfarm([...remote, '--insecure'], { server: selfSignedServer() })).code).toBe(0);
  });
});

test('a file of known servers may have comments, and the last line about a server counts', () => {
  const text = `# mine\nvpn:443 sha256:${pair('a')}\nbroken\nvpn:443 sha256:${pair('b')}\n`;
  expect(parseKnownServers(text).fingerprints).toEqual(new Map([['vpn:443', pair('B')]]));
});

test('fingerprints are read in any notation', () => {
  expect(parseFingerprint(`SHA256:${pair('c')}`)).toBe(pair('C'));
  expect(parseFingerprint('c'.repeat(63))).toBeUndefined();
});
