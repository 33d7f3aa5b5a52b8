import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { lockDirectory } from '../../../src/io/node/directory-lock.ts';
import { loadSystemCalls, type SystemCalls } from '../../../src/io/node/system-calls.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function holder(directory: string, way: string): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'lock-holder.ts');
  const child = spawn(process.execPath, ['-C', 'hubfarm-source', program, directory, way], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  expect(said.toString()).toBe('locked\n');
  return child;
}

test('this machine has flock: the tests of that way really test it', async () => {
  expect(await loadSystemCalls()).toBeDefined();
});

describe.each(['flock', 'socket'])('a directory lock held by %s', (way) => {
  const systemCalls = async (): Promise<SystemCalls | undefined> =>
    way === 'flock' ? await loadSystemCalls() : undefined;

  test('is refused while another process has it, and the error names that process', async () => {
    const directory = temporaryDirectory();
    const child = await holder(directory, way);
    await expect(lockDirectory(directory, await systemCalls())).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(`${directory} is in use by process ${child.pid!}`) as unknown,
    });
  });

  test('is free the moment its process is killed with -9', async () => {
    const directory = temporaryDirectory();
    const child = await holder(directory, way);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await lockDirectory(directory, await systemCalls());
    await lock.release();
  });

  test('is refused to the same process too, until it is released', async () => {
    const directory = temporaryDirectory();
    const lock = await lockDirectory(directory, await systemCalls());
    await expect(lockDirectory(directory, await systemCalls())).rejects.toMatchObject({ code: 'LOCKED' });
    await lock.release();
    const again = await lockDirectory(directory, await systemCalls());
    await again.release();
  });

  test('makes the directory if it is not there', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b');
    const lock = await lockDirectory(directory, await systemCalls());
    await lock.release();
  });
});

test('a lock in a place that cannot be is a clear error', async () => {
  await expect(lockDirectory('/dev/null/data', await loadSystemCalls())).rejects.toMatchObject({
    code: 'NOT_A_DIRECTORY',
    message: 'cannot lock /dev/null/data: a part of the path is not a directory (ENOTDIR)',
  });
});

test('a lock where a file is, is refused for that reason', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  await expect(lockDirectory(file, await loadSystemCalls())).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
});

test('a lock in a file system that makes no directories is refused, not tried for ever', async () => {
  await expect(lockDirectory('/proc/hubfarm/data', await loadSystemCalls())).rejects.toMatchObject({
    message: expect.stringContaining('cannot lock /proc/hubfarm/data') as unknown,
  });
});
