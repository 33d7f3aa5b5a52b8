import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FairStopwatch } from '../../io/node/fair-stopwatch.ts';
import { freePort } from '../../io/node/free-ports.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess, type Ended } from './serve-process.ts';

let folder: string;
let running: ServeProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-serve-'));
});

afterEach(async () => {
  await Promise.all(running.map((server) => server.signal('SIGKILL')));
  running = [];
  rmSync(folder, { recursive: true, force: true });
});

function serve(args: readonly string[], env?: Readonly<Record<string, string>>): ServeProcess {
  const server = new ServeProcess(join(folder, 'data'), args, env);
  running.push(server);
  return server;
}

const listen = async (): Promise<string[]> => ['--listen', `127.0.0.1:${await freePort()}`];

/** One line for each thing that is wrong, each for a person, and no stack. */
function expectRefusal({ code, stderr }: Ended, lines: readonly RegExp[]): void {
  expect(code).toBe(1);
  const said = stderr.trim().split('\n');
  expect(said).toHaveLength(lines.length);
  lines.forEach((line, index) => expect(said[index]).toMatch(line));
}

describe('hubfarm serve', () => {
  test('makes everything at its first start and says what to do next; the password is shown only then', async () => {
    const first = await serve(await listen()).isUp();
    const [, password] = /administrator password \(shown only now\): (\S+)/.exec(first.stderr) ?? [];
    expect(password).toMatch(/^[a-z2-9]{16}$/);
    expect(first.stderr).toContain('hubfarm user add alice --hub DEFAULT');
    expect(first.stdout).not.toContain(password);
    const hubs = await callLocal(first.dataDirectory, 'EnumHub');
    expect(JSON.stringify(hubs)).toContain('"HubName_str":"DEFAULT"');
    for (const path of ['.', 'hubfarm.db', 'admin.sock']) {
      expect(statSync(join(first.dataDirectory, path)).mode & 0o077, path).toBe(0);
    }
    expect(await first.signal('SIGTERM')).toMatchObject({ code: 0 });
    const second = await serve(await listen()).isUp();
    expect(second.stderr).not.toMatch(/password|alice/);
  });

  test('takes the first password from HUBFARM_ADMIN_PASSWORD and never shows it', async () => {
    const server = await serve(await listen(), { HUBFARM_ADMIN_PASSWORD: 'a word of mine' }).isUp();
    expect(server.stderr + server.stdout).not.toContain('a word of mine');
    expect(server.stderr).not.toContain('shown only now');
  });

  test('does not make the first hub again when it was deleted', async () => {
    const server = await serve(await listen()).isUp();
    await callLocal(server.dataDirectory, 'DeleteHub', { HubName_str: 'DEFAULT' });
    await server.signal('SIGTERM');
    const again = await serve(await listen()).isUp();
    expect((await callLocal(again.dataDirectory, 'EnumHub')).result).toEqual({ HubList: [] });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('stops within 5 s after %s, with exit code 0', async (signal) => {
    const server = await serve(await listen()).isUp();
    const stopping = new FairStopwatch();
    const { code } = await server.signal(signal);
    expect(code).toBe(0);
    expect(stopping.ms).toBeLessThan(5_000);
  });

  test('goes on when nobody reads its log any more, and still stops', async () => {
    const server = await serve(await listen()).isUp();
    server.stopReading();
    for (let n = 0; n < 5; n++) await callLocal(server.dataDirectory, 'CreateHub', { HubName_str: `H${n}` });
    expect((await callLocal(server.dataDirectory, 'EnumHub')).error).toBeUndefined();
    expect(await server.signal('SIGTERM')).toMatchObject({ code: 0 });
  });

  test('opens the listeners that it can, and shows why not the others', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const open = await freePort();
    const server = await serve(['--listen', `127.0.0.1:${port},127.0.0.1:${open}`]).isUp();
    expect(server.stderr).toMatch(new RegExp(`not on ${port}: .*another program uses this port`));
    const { result } = await callLocal(server.dataDirectory, 'EnumListener');
    expect(result?.['ListenerList']).toEqual(
      [
        { Ports_u32: port, Enables_bool: true, Errors_bool: true },
        { Ports_u32: open, Enables_bool: true, Errors_bool: false },
      ].sort((a, b) => a.Ports_u32 - b.Ports_u32),
    );
    taken.close();
  });
});

describe('hubfarm serve refuses in one clear line, with exit code 1,', () => {
  test('a port that is taken when it is the only one', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const ended = await serve(['--listen', `127.0.0.1:${port}`]).ended();
    expectRefusal(ended, [new RegExp(`no listener could be opened.*${port}.*another program uses this port`)]);
    taken.close();
  });

  test('a data directory that another server uses, naming its process', async () => {
    const first = await serve(await listen()).isUp();
    expectRefusal(await serve(await listen()).ended(), [/in use by process \d+: stop it, or choose another/]);
    expect((await callLocal(first.dataDirectory, 'EnumHub')).error).toBeUndefined();
  });

  test('a store of a newer version, which it leaves as it is', async () => {
    const server = await serve(await listen()).isUp();
    await server.signal('SIGTERM');
    const path = join(server.dataDirectory, 'hubfarm.db');
    const raise = new DatabaseSync(path);
    raise.exec('PRAGMA user_version = 99');
    raise.close();
    expectRefusal(await serve(await listen()).ended(), [/schema 99, written by a newer hubfarm/]);
  });

  test('a file where the data directory should be', async () => {
    writeFileSync(join(folder, 'data'), 'not a folder');
    expectRefusal(await serve(await listen()).ended(), [/^hubfarm: .*data/]);
  });

  test('a data directory whose path is too long for the local socket', async () => {
    const server = new ServeProcess(join(folder, 'd'.repeat(100)), await listen());
    running.push(server);
    expectRefusal(await server.ended(), [
      /admin\.sock: the path has 1\d\d bytes, that of a socket may have 107: choose/,
    ]);
  });

  test('settings that it does not know, with the nearest right names', async () => {
    const ended = await serve(['--set', 'log.levle=debug', '--set', 'listeners.addresses=nowhere']).ended();
    expectRefusal(ended, [/unknown setting log\.levle: did you mean log\.level\?/, /listeners\.addresses must be/]);
  });

  test('a configuration file with mistakes, naming file and line', async () => {
    const path = join(folder, 'hubfarm.toml');
    writeFileSync(path, '[log]\nlevel = "debug"\n[listeners]\nadresses = ["443"]\n');
    const ended = await serve(['--config', path]).ended();
    expectRefusal(ended, [/hubfarm\.toml:4.*listeners\.adresses: did you mean listeners\.addresses\?/]);
  });

  test('a configuration file that is not there', async () => {
    expectRefusal(await serve(['--config', join(folder, 'none.toml')]).ended(), [/none\.toml/]);
  });
});
