import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { onTestFinished, expect, test } from 'vitest';
import { freePort } from '../../io/node/free-ports.ts';
import { temporaryDirectory } from '../../io/node/temporary-directory.ts';

const program = ['--conditions=hubfarm-source', resolve(import.meta.dirname, '../../../bin/hubfarm.ts')];

/** Each write to it fails as on a full disk. */
function fullDisk(): number {
  const file = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(file));
  return file;
}

test('hubfarm serve goes on when the disk of its log is full, says so once, and still stops', async () => {
  const listen = ['--listen', `127.0.0.1:${await freePort()}`, '--sip', ''];
  const words = [...program, 'serve', '--data-dir', temporaryDirectory(), ...listen];
  const child = spawn(execPath, words, { stdio: ['ignore', fullDisk(), 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  let said = '';
  await new Promise<void>((up, down) => {
    void exit.then(() => down(new Error(said)), down);
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('data directory: ') && said.includes('standard output')) up();
    });
  });
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(said.split('cannot write to the standard output: ')).toHaveLength(2);
});

test('a command whose output cannot be written fails with one line', () => {
  const { status, stderr } = spawnSync(execPath, [...program, 'config', 'example'], {
    stdio: ['ignore', fullDisk(), 'pipe'],
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toMatch(/^hubfarm: cannot write to the standard output: ENOSPC[^\n]*\n$/);
  expect(status).toBe(1);
});
