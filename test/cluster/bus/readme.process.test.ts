import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

test('the example of the README runs', () => {
  const readme = readFileSync(join(root, 'src/cluster/bus/README.md'), 'utf8');
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const args = ['-C', 'hubfarm-source', '--input-type=module-typescript', '-e', example!];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 20_000 });
  expect(stderr).toBe('');
  expect(stdout).toBe('hello Ann at beta/0, this is alpha\n');
});
