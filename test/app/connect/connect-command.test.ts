import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { runProgram } from '#admin/cli';
import { connectCommand } from '#app';
import { inspectCertificate, certificateDer } from '#base';
import { MemoryEthernetDevices, SeededRandom } from '#io/sim';
import { FakeFiles, FakeTerminal } from '../../admin/cli/fake-machine.ts';
import { makeCertificate } from '../../base/make-certificate.ts';
import { frame, framesOf, mac, sizeOf } from '../../hub/hub-fixture.ts';
import { ClientRig, identityOf, RunningClient } from '../../softether/client/client-rig.ts';
import { Rig } from '../../softether/server/rig.ts';

const ADDRESS = '192.0.2.254';

/** `hubfarm connect …`, on a machine in memory whose time is the clock's. */
class Command {
  readonly terminal: FakeTerminal;
  readonly devices: MemoryEthernetDevices;
  exitCode: number | undefined;
  error: unknown;
  signal: (name: string) => void = () => undefined;
  readonly #rig: ClientRig;

  constructor(rig: ClientRig, words: readonly string[], files = new FakeFiles(), terminal = new FakeTerminal()) {
    this.#rig = rig;
    this.terminal = terminal;
    this.devices = new MemoryEthernetDevices({ clock: rig.clock, random: rig.random, interfaces: ['hubfarm0'] });
    const stopSignal = (): Promise<string> => new Promise((resolve) => (this.signal = resolve));
    const io = {
      clock: rig.clock,
      random: rig.random,
      network: rig.network.machine('192.0.2.77'),
      names: rig.resolver,
      ethernet: this.devices,
      machine: { hostName: 'desk', os, cores: 1, addresses: () => [], memory: () => ({ total: 0, free: 0 }) },
    };
    const runtime = {
      terminal,
      files,
      random: new SeededRandom(1),
      clock: rig.clock,
      openHttp: () => expect.unreachable(),
      environment: {},
      homeDirectory: '/nowhere',
      version: '1.2.3',
    };
    const registration = connectCommand({ createIo: () => io, stopSignal });
    runProgram(['connect', ...words], runtime, [registration]).then(
      (code) => (this.exitCode = code),
      (error: unknown) => (this.error = error),
    );
  }

  get output(): string {
    return this.terminal.output;
  }

  /** Lets time pass until the output has `pattern`, or the command ended. */
  async says(pattern: RegExp, withinMs = 3_000): Promise<void> {
    for (let ms = 0; ms < withinMs && !pattern.test(this.output + this.terminal.errors); ms += 10) {
      await this.#rig.clock.run(10);
    }
    expect(this.output + this.terminal.errors).toMatch(pattern);
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.#rig.clock.run(3_000);
  }
}

const os = {
  systemName: 'Linux',
  productName: 'Debian',
  vendorName: '',
  version: '12',
  kernelRelease: '6',
  kernelVersion: '',
};

describe('hubfarm connect', () => {
  let server: Rig;
  let rig: ClientRig;

  beforeEach(async () => {
    server = await Rig.start();
    rig = new ClientRig(server.clock);
    const identity = await identityOf('somebody');
    await rig.listen(ADDRESS, 443, {
      identity: () => identity,
      admit: (remote) => server.server.admits(remote),
      connected: (stream) => server.server.accept(stream, 443),
    });
    onTestFinished(() => server.close());
  });

  const login = [ADDRESS, '--hub', 'OFFICE', '--user', 'alice'];
  const run = (words: readonly string[], files?: FakeFiles, terminal?: FakeTerminal): Command => {
    const command = new Command(rig, words, files, terminal);
    onTestFinished(() => command.stop());
    return command;
  };

  test('joins a TAP to the hub: frames go both ways, and the TAP is gone at the end', async () => {
    const command = run([...login, '--password', 'pw', '--insecure', '--tap', 'office0', '--address', '10.0.0.1/24']);
    await command.says(/office0: connected: session SID-ALICE-1 on Test Server; TLSv1\.\d SIMULATED, 1 connection/);
    expect(command.devices.configured.get('office0')).toEqual({ addressCidr: '10.0.0.1/24', up: true });
    const bobs = { userName: 'bob', credentials: { kind: 'password', password: 'pw' } } as const;
    const bob = new RunningClient(rig, { account: bobs });
    await bob.connected();
    const far = command.devices.far('office0');
    const seen: string[] = [];
    far.receive({
      frames: (buf, from, to, count) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(count);
        seen.push(...framesOf(Buffer.concat([header, buf.subarray(from, to)])));
      },
      closed: () => undefined,
    });
    const out = frame(Buffer.alloc(6, 0xff), mac(1), 'from the TAP');
    far.send(Buffer.concat([sizeOf(out), out]), 0, out.length + 4, 1);
    await rig.clock.run(100);
    expect(bob.port.takeFrames()).toEqual([out.toString('hex')]);
    const back = frame(mac(1), mac(2), 'to the TAP');
    bob.port.send(back);
    await rig.clock.run(100);
    expect(seen).toEqual([back.toString('hex')]);

    await command.stop();
    expect(command.exitCode).toBe(0);
    expect(command.output).toContain('SIGTERM: disconnecting');
    const reopened = await command.devices.openTap('office0');
    reopened.close();
    expect(server.server.sessions().map(({ name }) => name)).toEqual(['SID-BOB-2']);
  });

  test('takes the first free name where none is given', async () => {
    const command = run([...login, '--password', 'pw', '--insecure']);
    await command.says(/hubfarm1: connected/);
  });

  test('says so and ends when the interface cannot be made', async () => {
    const command = run([...login, '--password', 'pw', '--insecure', '--tap', 'hubfarm0']);
    await command.says(/hubfarm: cannot make the interface hubfarm0/);
    await rig.clock.run(10);
    expect(command.exitCode).toBe(1);
  });

  test('ends when the interface is removed', async () => {
    const command = run([...login, '--password', 'pw', '--insecure']);
    await command.says(/connected/);
    command.devices.near('hubfarm1').fail(undefined);
    await command.says(/the TAP device hubfarm1 was removed/);
    await rig.clock.run(3_000);
    expect(command.exitCode).toBe(1);
  });

  test('comes back by itself, and says what it does', async () => {
    const command = run([...login, '--password', 'pw', '--insecure']);
    await command.says(/connected: session SID-ALICE-1/);
    rig.network.pairs.at(-1)!.cut();
    await command.says(/connection lost after 0 s: the connection broke/);
    await command.says(/trying again in 0\.\d s/);
    await command.says(/connected: session SID-ALICE-2/);
  });

  test('ends with 3 when the connection is lost, where it was to try only once', async () => {
    const command = run([...login, '--password', 'pw', '--insecure', '--once']);
    await command.says(/connected/);
    rig.network.pairs.at(-1)!.cut();
    await rig.clock.run(3_000);
    expect(command.exitCode).toBe(3);
  });

  describe('judges the server', () => {
    const fingerprint = async (): Promise<string> => {
      const der = certificateDer(Buffer.from((await identityOf('somebody')).certificatePem))!;
      const hex = inspectCertificate(der)!.sha256.toString('hex').toUpperCase();
      return (hex.match(/../g) ?? []).join(':');
    };

    test('and ends before the password is sent where nobody vouches for it and nobody can be asked', async () => {
      const command = run([...login, '--password', 'pw']);
      await command.says(/cannot be verified: the certificate is not for 192/);
      await rig.clock.run(3_000);
      expect(command.output).toContain(`--fingerprint sha256:${await fingerprint()}`);
      expect(command.exitCode).toBe(3);
      expect(server.server.counters.logins + server.server.counters.loginsRefused).toBe(0);
    });

    test('by the certificate that was named', async () => {
      const command = run([...login, '--password', 'pw', '--fingerprint', await fingerprint()]);
      await command.says(/connected/);
    });

    test('by what a person says, and remembers it', async () => {
      const files = new FakeFiles();
      const command = run([...login], files, new FakeTerminal(['pw', 'yes']));
      await command.says(/connected/);
      expect(command.terminal.prompts[0]).toContain('Password of alice on hub OFFICE');
      expect(command.terminal.prompts[1]).toContain('Trust it from now on?');
      const known = files.text('/nowhere/.config/hubfarm/known-servers');
      expect(known).toBe(`192.0.2.254:443 sha256:${await fingerprint()}\n`);
      await command.stop();
      const again = run([...login, '--password', 'pw'], files);
      await again.says(/connected/);
    });

    test('and does not take a no for an answer later on: it tries again when a session was there', async () => {
      const files = new FakeFiles();
      const path = '/nowhere/.config/hubfarm/known-servers';
      await files.write(path, `192.0.2.254:443 sha256:${await fingerprint()}\n`);
      const command = run([...login, '--password', 'pw'], files);
      await command.says(/connected/);
      await files.write(path, `192.0.2.254:443 sha256:${'00:'.repeat(31)}00\n`);
      rig.network.pairs.at(-1)!.cut();
      await command.says(/has CHANGED/);
      await command.says(/trying again in \d+ s|min/);
      expect(command.exitCode).toBeUndefined();
    });
  });

  describe('takes who the user is from', () => {
    test('a file with the password', async () => {
      const files = new FakeFiles({ 'word.txt': 'pw\n' });
      const command = run([...login, '--password-file', 'word.txt', '--insecure'], files);
      await command.says(/connected/);
    });

    test('nothing, for an anonymous user', async () => {
      const command = run([ADDRESS, '--hub', 'OFFICE', '--user', 'guest', '--insecure']);
      await command.says(/connected: session SID-GUEST-1/);
    });

    test('a certificate and its key', async () => {
      const { der, privateKeyPem } = await makeCertificate({ name: 'CN=alice' });
      const files = new FakeFiles({ 'alice.crt': der, 'alice.key': privateKeyPem });
      const auth = { kind: 'userCertificate', certificate: der.toString('base64') } as const;
      await server.directory.updateUser('OFFICE', 'alice', (user) => ({ ...user, auth }));
      const command = run([...login, '--certificate', 'alice.crt', '--key', 'alice.key', '--insecure'], files);
      await command.says(/connected/);
    });

    test.each([
      ['a certificate that is none', { 'a.crt': 'hello', 'a.key': 'x' }, /a\.crt is no certificate/],
      ['a file that is not there', {}, /cannot read a\.crt/],
    ])('not %s', async (_name, content, message) => {
      const words = [...login, '--certificate', 'a.crt', '--key', 'a.key', '--insecure'];
      const command = run(words, new FakeFiles(content));
      await command.says(message);
    });

    test('not a key that cannot sign, or is another one', async () => {
      const alice = await makeCertificate({ name: 'CN=alice' });
      const elliptic = await makeCertificate({ name: 'CN=e', key: 'ec' });
      const other = await makeCertificate({ name: 'CN=other' });
      const files = new FakeFiles({
        'a.crt': alice.der,
        'ec.key': elliptic.privateKeyPem,
        'o.key': other.privateKeyPem,
      });
      const words = [...login, '--insecure', '--certificate', 'a.crt', '--key'];
      await run([...words, 'ec.key'], files).says(/ec\.key cannot be used to log in: give an RSA key/);
      await run([...words, 'o.key'], files).says(/o\.key is not the key of a\.crt/);
    });
  });

  test.each([
    ['no hub', [ADDRESS, '--user', 'alice'], /--hub <name>' not specified/],
    ['no server', ['--hub', 'H', '--user', 'u'], /missing required argument/],
    ['a bad server', ['a b', '--hub', 'H', '--user', 'u'], /"a b" is no server/],
    ['33 connections', [...login, '--connections', '33'], /--connections takes a number from 1 to 32/],
    [
      'a bad address',
      [...login, '--address', '10.0.0.1'],
      /--address takes dhcp, or an address with its prefix length/,
    ],
    ['a bad prefix', [...login, '--address', '10.0.0.1/33'], /--address takes/],
    ['a bad fingerprint', [...login, '--fingerprint', 'abc'], /--fingerprint takes the SHA-256/],
    ['two passwords', [...login, '--password', 'a', '--password-file', 'f'], /either --password or --password-file/],
    [
      'a certificate and a password',
      [...login, '--password', 'a', '--certificate', 'c', '--key', 'k'],
      /either a password/,
    ],
    ['a certificate without its key', [...login, '--certificate', 'c'], /--certificate and --key go together/],
  ])('refuses %s as wrong usage', async (_name, words, message) => {
    const command = run(words);
    await command.says(message);
    await rig.clock.run(10);
    expect(command.exitCode).toBe(2);
  });

  test.each([
    ['a wrong password', ['--password', 'x'], 4, /user authentication failed \(error 9\)/],
    ['no server', ['--password', 'pw'], 3, /refused/],
  ])('ends with a number that says what was wrong: %s', async (name, words, exitCode, message) => {
    const where = name === 'no server' ? [`${ADDRESS}:4444`, ...login.slice(1)] : login;
    const command = run([...where, ...words, '--insecure', '--once']);
    await command.says(message);
    await rig.clock.run(3_000);
    expect(command.exitCode).toBe(exitCode);
  });
});
