import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pack, root, run } from '../package/pack.ts';

/** Where the distribution's own Node and npm are: npm puts ours in front of it only inside the checkout. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

describe('npm install of the packed package into an empty folder, from the registry', () => {
  let folder: string;
  const env = { ...process.env, PATH: existsSync('/usr/bin/node') ? systemPath : process.env['PATH'] };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hubfarm-install-'));
    const tarball = await pack(folder);
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty/package.json'), '{ "private": true }');
    await run('npm', ['install', '--no-audit', '--no-fund', tarball], join(folder, 'empty'), env);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('npx hubfarm runs on Node 24, whatever Node npx runs on', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await run('npx', ['--no-install', 'hubfarm', '--version'], join(folder, 'empty'), env)).toBe(`${version}\n`);
    expect(await run('npx', ['--no-install', 'hubfarm', 'config', 'example'], join(folder, 'empty'), env)).toContain(
      '[log]',
    );
  });
});
