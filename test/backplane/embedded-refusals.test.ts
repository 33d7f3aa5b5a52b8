import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbedded, StoreError, type Backplane } from '#backplane';
import { createNodeThreads } from '#io/node';
import { newFolder } from './embedded-harness.ts';
import { realClock } from './manual-clock.ts';

let folder: ReturnType<typeof newFolder>;
let path: string;

beforeEach(() => {
  folder = newFolder();
  path = join(folder.path, 'hubfarm.db');
});

afterEach(() => {
  chmodSync(folder.path, 0o755);
  folder.remove();
});

const open = (at = path): Promise<Backplane> => openEmbedded({ path: at, clock: realClock });

async function refusal(at = path): Promise<{ code: string; message: string }> {
  const outcome = await open(at).then(
    async (store) => {
      await store.close();
      throw new Error(`${at} was opened`);
    },
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(StoreError);
  const { code, message } = outcome as StoreError;
  expect(message).toContain(at);
  expect(message).not.toContain('\n');
  return { code, message };
}

async function madeStore(): Promise<void> {
  const store = await open();
  await store.put('k', 'v'.repeat(100_000));
  await store.close();
}

describe('a store that cannot be opened says why', () => {
  test('its directory is not there', async () => {
    const { code, message } = await refusal(join(folder.path, 'none', 'hubfarm.db'));
    expect(code).toBe('STORE_NO_DIRECTORY');
    expect(message).toContain(join(folder.path, 'none'));
  });

  test('its path is a directory', async () => {
    mkdirSync(path);
    expect((await refusal()).code).toBe('STORE_UNWRITABLE');
  });

  test('it is damaged from the first byte', async () => {
    writeFileSync(path, 'this is not a database, whatever its name says'.repeat(100));
    expect((await refusal()).code).toBe('STORE_CORRUPT');
  });

  test('it is damaged somewhere inside', async () => {
    await madeStore();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 2, 4096 * 4);
    writeFileSync(path, bytes);
    const { code, message } = await refusal();
    expect(code).toBe('STORE_CORRUPT');
    expect(message).toContain('backup');
  });

  test('it is cut short', async () => {
    await madeStore();
    writeFileSync(path, readFileSync(path).subarray(0, 4096 * 3));
    expect((await refusal()).code).toBe('STORE_CORRUPT');
  });

  test('a newer version wrote it', async () => {
    await madeStore();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    const { code, message } = await refusal();
    expect(code).toBe('SCHEMA_NEWER');
    expect(message).toContain('schema 99');
  });

  test('another program wrote it', async () => {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE mine (a)');
    database.close();
    expect((await refusal()).code).toBe('STORE_FOREIGN');
  });

  test('it is open in the same process', async () => {
    const store = await open();
    const { code, message } = await refusal();
    expect(code).toBe('STORE_IN_USE');
    expect(message).toContain('in use');
    await store.put('k', 'the first one goes on');
    await store.close();
    await (await open()).close();
  });

  test('it is open in another process', async () => {
    const store = await open();
    const child = spawnSync(process.execPath, ['-C', 'hubfarm-source', openerPath, path], { encoding: 'utf8' });
    expect(child.stdout.trim()).toBe('STORE_IN_USE');
    await store.close();
  });

  test('the thread of its own hands the reason on', async () => {
    const bad = join(folder.path, 'none', 'hubfarm.db');
    const opening = openEmbedded({ path: bad, clock: realClock, threads: createNodeThreads() });
    await expect(opening).rejects.toMatchObject({ code: 'STORE_NO_DIRECTORY', name: 'StoreError' });
  });
});

const openerPath = join(import.meta.dirname, 'opener.ts');
const isRoot = process.getuid?.() === 0;
/** A user without rights, for what root may always do. */
const nobody = 65_534;

/** What a user without rights is told; in a child, because root may write anywhere. */
function refusalForNobody(): string {
  const who = isRoot ? { uid: nobody, gid: nobody } : {};
  const command = [process.execPath, ['-C', 'hubfarm-source', openerPath, path]] as const;
  const { stdout } = spawnSync(command[0], command[1], { encoding: 'utf8', ...who });
  return stdout.trim();
}

describe('a store where nothing may be written', () => {
  test('a directory without the right to write', () => {
    chmodSync(folder.path, 0o555);
    expect(refusalForNobody()).toBe('STORE_UNWRITABLE');
  });

  test('a file without the right to write', async () => {
    await madeStore();
    chmodSync(path, 0o444);
    chmodSync(folder.path, 0o555);
    expect(refusalForNobody()).toBe('STORE_UNWRITABLE');
  });

  test('a file that may not even be read', async () => {
    await madeStore();
    chmodSync(folder.path, 0o755);
    chmodSync(path, 0o000);
    expect(isRoot ? refusalForNobody() : (await refusal()).code).toBe('STORE_UNWRITABLE');
  });

  test('a directory that may not be entered', async () => {
    await madeStore();
    chmodSync(folder.path, 0o000);
    expect(refusalForNobody()).toBe('STORE_NO_DIRECTORY');
  });

  test('once the cause is gone it opens, with everything in it', async () => {
    await madeStore();
    copyFileSync(path, `${path}.good`);
    writeFileSync(path, 'damaged'.repeat(1_000));
    expect((await refusal()).code).toBe('STORE_CORRUPT');
    rmSync(path);
    copyFileSync(`${path}.good`, path);
    const store = await open();
    expect((await store.get('k'))?.value).toHaveLength(100_000);
    await store.close();
  });
});
