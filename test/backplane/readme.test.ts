import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { newFolder } from './embedded-harness.ts';

const root = resolve(import.meta.dirname, '../..');

test('the example of the README runs', () => {
  const readme = readFileSync(join(root, 'src/backplane/README.md'), 'utf8');
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const folder = newFolder();
  const args = ['-C', 'hubfarm-source', '--input-type=module-typescript', '-e', example!, join(folder.path, 'x.db')];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 20_000 });
  folder.remove();
  expect(stderr).toBe('');
  // The snapshot may come before the put or hold it already.
  expect(stdout.split('\n').filter((line) => line !== '')).toEqual(['cfg/hub/DEFAULT', '1 1']);
});
