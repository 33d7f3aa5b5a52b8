import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../io/node/free-ports.ts';
import { callLocal } from './local-api.ts';
import { ServeProcess } from './serve-process.ts';

let folder: string;
let data: string;
let server: ServeProcess | undefined;
let isMounted = false;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-durable-'));
  data = join(folder, 'data');
  isMounted = false;
});

afterEach(async () => {
  await server?.signal('SIGKILL');
  server = undefined;
  if (isMounted) spawnSync('umount', ['-l', data]);
  rmSync(folder, { recursive: true, force: true });
});

const start = async (): Promise<ServeProcess> => {
  server = await new ServeProcess(data, ['--listen', `127.0.0.1:${await freePort()}`]).isUp();
  return server;
};

const createUser = (name: string): Promise<unknown> =>
  callLocal(data, 'CreateUser', { HubName_str: 'DEFAULT', Name_str: name, AuthType_u32: 1, Auth_Password_str: 'word' });

const users = async (): Promise<Set<string>> => {
  const { result } = await callLocal(data, 'EnumUser', { HubName_str: 'DEFAULT' });
  return new Set((result?.['UserList'] as { Name_str: string }[]).map((user) => user.Name_str));
};

describe('what an administrator was told is done', () => {
  test('is there after kill -9 at any moment', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round++) {
      const { signal } = await start().then((up) => ({ signal: up.signal.bind(up) }));
      // Eight administrators at once; the kill comes in the middle of their work.
      const work = Array.from({ length: 8 }, async (_, worker) => {
        for (let n = 0; ; n++) {
          const name = `u${round}-${worker}-${n}`;
          const answer = (await createUser(name)) as { error?: unknown };
          if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
          acknowledged.push(name);
          if (acknowledged.length >= 60 * (round + 1)) void signal('SIGKILL');
        }
      });
      await Promise.allSettled(work);
      await signal('SIGKILL');
    }
    await start();
    const there = await users();
    expect(acknowledged.length).toBeGreaterThan(200);
    expect(acknowledged.filter((name) => !there.has(name))).toEqual([]);
  });

  test('is there after the disk was full, and work goes on when there is room again', async ({ skip }) => {
    mkdirSync(data);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data]);
    if (mounted.status !== 0 && process.env['CI'] !== 'true') skip('not run: a small disk can only be made as root');
    expect(mounted.status).toBe(0);
    isMounted = true;
    const up = await start();
    await createUser('before');
    const ballast = join(data, 'ballast');
    try {
      writeFileSync(ballast, Buffer.alloc(8 * 1024 * 1024));
    } catch {
      // The disk is full now, which is the point.
    }
    const note = 'n'.repeat(20_000);
    let refused: { error?: { message: string } } = {};
    for (let n = 0; n < 60 && refused.error === undefined; n++) {
      const user = { HubName_str: 'DEFAULT', Name_str: `big${n}`, AuthType_u32: 0, Note_utf: note };
      refused = await callLocal(data, 'CreateUser', user);
    }
    expect(refused.error?.message).toMatch(/full/);
    expect(await users()).toContain('before');
    rmSync(ballast);
    let after: { error?: unknown } = { error: 'not tried' };
    for (let n = 0; n < 40 && after.error !== undefined; n++) {
      after = (await createUser('after')) as { error?: unknown };
      if (after.error !== undefined) await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(after.error).toBeUndefined();
    await up.signal('SIGKILL');
    await start();
    const there = await users();
    expect([...there]).toEqual(expect.arrayContaining(['before', 'after']));
  });
});
