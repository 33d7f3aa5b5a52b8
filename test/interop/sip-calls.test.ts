import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { HubfarmServer } from './hubfarm-server.ts';
import { useNetwork, type Host } from './namespaces.ts';
import { requirePeers } from './peers.ts';
import { provideAccounts } from './sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippFigures, type SippRun } from './sipp.ts';

const domain = 'farm.test';
const calls = 20;
/** Each kind of call has users of its own: whoever is called at two places rings at both. */
const users = sipUsers(20 * calls, domain);
const ipv6 = { hubfarm: 'fd77::1', callers: 'fd77::2', callees: 'fd77::3' };

if (requirePeers(['ip', 'sipp', 'sipsak'])) {
  const network = useNetwork();
  let server: HubfarmServer;
  let callers: Host;
  let callees: Host;
  let usersTaken = 0;
  let port = 6000;

  beforeAll(async () => {
    server = new HubfarmServer(network().host('hubfarm'), {
      settings: ['sip.trusted=["10.77.0.0/24", "fd77::/64"]'],
    });
    callers = network().host('callers');
    callees = network().host('callees');
    for (const [host, address] of [
      [server.host, ipv6.hubfarm],
      [callers, ipv6.callers],
      [callees, ipv6.callees],
    ] as const) {
      await host.mustRun('ip', ['addr', 'add', `${address}/64`, 'dev', 'eth0', 'nodad']);
    }
    await server.start();
    await provideAccounts(server, domain, users);
    // sipsak asks DNS for a domain, whatever its proxy is; and there is no DNS here.
    await server.hubfarm('domain', 'set', domain, '--alias', server.host.address);
  });

  interface Way {
    readonly transport: 'udp' | 'tcp';
    readonly family: 4 | 6;
  }

  function bracketed(address: string): string {
    return address.includes(':') ? `[${address}]` : address;
  }

  const addressOf = (host: Host, name: keyof typeof ipv6, { family }: Way): string =>
    family === 6 ? ipv6[name] : host.address;

  /** The next port each time: what is late from an earlier run reaches nobody. */
  function nextPort(): number {
    port += 2;
    return port;
  }

  /** A file of users that nobody else has. */
  function nextUsers(): string {
    const taken = users.slice(usersTaken, usersTaken + calls);
    usersTaken += calls;
    return writeUsers(callers, taken);
  }

  function start(scenario: string, way: Way, more: Partial<SippRun> = {}): Sipp {
    const target = `${bracketed(addressOf(server.host, 'hubfarm', way))}:5060`;
    const address = addressOf(callers, 'callers', way);
    return new Sipp(callers, {
      ...{ scenario, target, address: bracketed(address), transport: way.transport, port: nextPort() },
      ...{ calls, rate: 20, holdMs: 100 },
      ...more,
    });
  }

  /** The users register a contact at the callees' host; returns its port. */
  async function register(way: Way, file: string): Promise<number> {
    const contactPort = nextPort();
    const address = bracketed(addressOf(callees, 'callees', way));
    const contact = `${address}:${contactPort}${way.transport === 'tcp' ? ';transport=tcp' : ''}`;
    await start('register', way, { users: file, keys: { contact } }).succeeds();
    return contactPort;
  }

  /** Calls of one kind at some users, one after the other, from `caller` to `callee`. */
  async function callAll(
    way: Way,
    caller: string,
    callee: string,
    more: Partial<SippRun> = {},
  ): Promise<{ readonly caller: SippFigures; readonly callee: SippFigures }> {
    const file = nextUsers();
    const contactPort = await register(way, file);
    const address = bracketed(addressOf(callees, 'callees', way));
    const answering = new Sipp(callees, {
      scenario: callee,
      port: contactPort,
      address,
      transport: way.transport,
      calls,
    });
    await callees.receives(way.transport, contactPort);
    try {
      return {
        caller: await start(caller, way, { users: file, ...more }).succeeds(),
        callee: await answering.succeeds(),
      };
    } finally {
      await answering.stop();
    }
  }

  const ways: readonly (readonly [string, Way])[] = [
    ['UDP', { transport: 'udp', family: 4 }],
    ['TCP', { transport: 'tcp', family: 4 }],
    ['UDP over IPv6', { transport: 'udp', family: 6 }],
    ['TCP over IPv6', { transport: 'tcp', family: 6 }],
  ];
  const udp: Way = { transport: 'udp', family: 4 };
  const allWent = { successful: calls, failed: 0 };

  describe.each(ways)('calls of SIPp through hubfarm, %s', (_name, way) => {
    test('are set up, held up and ended', async () => {
      const figures = await callAll(way, 'caller', 'callee');
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });

    test('are cancelled while they ring', async () => {
      const figures = await callAll(way, 'cancelling-caller', 'cancelled-callee');
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });
  });

  describe('calls of SIPp through hubfarm', () => {
    test('are held and taken back', async () => {
      expect(await callAll(udp, 'holding-caller', 'held-callee')).toMatchObject({ caller: allWent, callee: allWent });
    });

    test('are transferred', async () => {
      const keys = { target: users[1]!.name };
      const figures = await callAll(udp, 'transferring-caller', 'transferred-callee', { keys });
      expect(figures).toMatchObject({ caller: allWent, callee: allWent });
    });

    test('ring at both telephones of an account; when one is answered, the other one stops', async () => {
      const file = nextUsers();
      const [first, second] = [await register(udp, file), await register(udp, file)];
      const answering = new Sipp(callees, { scenario: 'callee', port: first, calls });
      const ringing = new Sipp(callees, {
        ...{ scenario: 'cancelled-callee', port: second, calls, more: ['-mp', '22000'] },
      });
      await Promise.all([first, second].map((one) => callees.receives('udp', one)));
      expect(await start('forked-caller', udp, { users: file }).succeeds()).toMatchObject(allWent);
      expect(await answering.succeeds()).toMatchObject(allWent);
      expect(await ringing.succeeds()).toMatchObject(allWent);
    });

    test('are set up by a third party, which gives each of two telephones what the other one describes (RFC 3725)', async () => {
      const [first, second] = [nextUsers(), nextUsers()];
      const ports = [await register(udp, first), await register(udp, second)] as const;
      const messages = join(callees.folder, 'controlled.log');
      const called = [
        new Sipp(callees, {
          scenario: 'callee',
          port: ports[0],
          calls: 1,
          more: ['-mp', '20000', '-trace_msg', '-message_file', messages],
        }),
        new Sipp(callees, { scenario: 'callee', port: ports[1], calls: 1, more: ['-mp', '22000'] }),
      ];
      await Promise.all(ports.map((one) => callees.receives('udp', one)));
      const [one, other] = [users[usersTaken - 2 * calls]!.name, users[usersTaken - calls]!.name];
      const control = (scenario: string, mediaPort: number): Sipp =>
        start(scenario, udp, {
          ...{ calls: 1, keys: { domain, first: one, second: other } },
          more: ['-3pcc', '127.0.0.1:7900', '-mp', `${mediaPort}`],
        });
      // The half that is told first must be there before the one that tells.
      const secondHalf = control('controller-b', 20_000);
      await callers.receives('tcp', 7900);
      const firstHalf = control('controller-a', 22_000);
      expect(await firstHalf.succeeds()).toMatchObject({ successful: 1 });
      expect(await secondHalf.succeeds()).toMatchObject({ successful: 1 });
      for (const callee of called) expect(await callee.succeeds()).toMatchObject({ successful: 1 });
      expect(readFileSync(messages, 'latin1')).toMatch(/\nACK sip:[^]*m=audio 22000 /);
    });

    test('need no second INVITE, BYE or REGISTER: nothing is sent again', async () => {
      const { caller } = await callAll(udp, 'caller', 'callee');
      expect(caller.retransmissions).toBe(0);
    });
  });

  describe('what is asked of the server itself', () => {
    test.each(ways)('OPTIONS is answered, %s', async (_name, way) => {
      expect(await start('options', way).succeeds()).toMatchObject(allWent);
    });

    test('sipsak finds it alive', async () => {
      const { code, stdout } = await callers.run('sipsak', ['-vv', '-s', `sip:${server.host.address}:5060`]);
      expect(stdout).toContain('200 OK');
      expect(code).toBe(0);
    });

    test('sipsak registers with a password, and its contact is known', async () => {
      const { name, password } = users[0]!;
      const address = `sip:${name}@${server.host.address}`;
      const contact = `sip:${name}@${callees.address}:6999`;
      const args = ['-i', '-v', '-U', '-C', contact, '-x', '120', '-u', name, '-a', password, '-s', address];
      expect((await callers.run('sipsak', args)).stdout).toContain('All usrloc tests completed successful');
      expect(await server.hubfarm('sip', 'registrations', `${name}@${domain}`, '--json')).toContain(contact);
    });

    test('sipsak follows a request hop by hop: one that may go no further is answered here (Max-Forwards)', async () => {
      const first = users[usersTaken]!.name;
      const contactPort = await register(udp, nextUsers());
      const callee = new Sipp(callees, { scenario: 'reached', port: contactPort, calls: 1 });
      await callees.receives('udp', contactPort);
      const { stdout } = await callers.run('sipsak', ['-vv', '-T', '-s', `sip:${first}@${server.host.address}`]);
      await callee.stop();
      expect(stdout).toMatch(/SIP\/2\.0 483 Too Many Hops[^]*Max-Forwards set to 1\n.*SIP\/2\.0 200 OK/);
    });
  });

  test('registrations outlive a crash of the server', async () => {
    const file = nextUsers();
    const contactPort = await register(udp, file);
    await server.kill();
    await server.start();
    const answering = new Sipp(callees, { scenario: 'callee', port: contactPort, calls });
    await callees.receives('udp', contactPort);
    expect(await start('caller', udp, { users: file }).succeeds()).toMatchObject(allWent);
    await answering.stop();
  });
}
