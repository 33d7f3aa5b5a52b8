import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleConfig } from '../../src/app/config/example.ts';
import { Said } from '../app/serve/said.ts';
import { FairStopwatch } from '../io/node/fair-stopwatch.ts';
import { freePort } from '../io/node/free-ports.ts';
import { pack, root, run, unpackBesideDependencies } from './pack.ts';

describe('the published package', () => {
  let folder: string;
  let tarball: string;
  let command: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hubfarm-package-'));
    tarball = await pack(folder);
    const own = await unpackBesideDependencies(tarball, folder);
    // As npm links it.
    mkdirSync(join(folder, 'node_modules/.bin'));
    command = join(folder, 'node_modules/.bin/hubfarm');
    symlinkSync(join(own, 'bin/hubfarm.cjs'), command);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('holds what runs and what explains it, and none of the sources', async () => {
    const files = (await run('tar', ['tzf', tarball], folder)).split('\n').map((name) => name.replace('package/', ''));
    const wanted = [
      'bin/hubfarm.cjs',
      'dist/bin/hubfarm.js',
      'README.md',
      'LICENSE',
      'docs/operations/hubfarm.example.toml',
    ];
    expect(files).toEqual(expect.arrayContaining(wanted));
    expect(files.filter((name) => /\.ts$|^test|^src|^scripts|\.npmrc/.test(name))).toEqual([]);
  });

  test('runs its built program', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await run(command, ['--version'], folder)).toBe(`${version}\n`);
    expect(await run(command, ['config', 'example'], folder)).toBe(exampleConfig());
  });

  test('runs on its own Node where it is started by an older one', async () => {
    const old = join(folder, 'old.cjs');
    writeFileSync(
      old,
      `Object.defineProperty(process, 'versions', { value: Object.assign({}, process.versions, { node: '20.20.2' }) });
       process.execve = undefined;`,
    );
    expect(await run(process.execPath, ['--require', old, command, 'config', 'example'], folder)).toBe(exampleConfig());
  });

  test('serves: first start, and an orderly stop within 5 s', async () => {
    const port = await freePort();
    const args = ['serve', '--data-dir', join(folder, 'data'), '--listen', `127.0.0.1:${port}`];
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      await new Said(child).until(
        ({ stdout, stderr }) => stdout.includes('server is up') && /administrator password .*: \S{12,}/.test(stderr),
      );
      const stopping = new FairStopwatch();
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(stopping.ms).toBeLessThan(5000);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
