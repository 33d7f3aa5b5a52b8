import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const script = resolve(import.meta.dirname, '../../scripts/prestart.cjs');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-prestart-'));
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(script, join(folder, 'scripts', 'prestart.cjs'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
}

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: string[];
}

const lock = (packages: Record<string, Locked>): object => ({ packages: { '': {}, ...packages } });
const fastify = { 'node_modules/fastify': { version: '5.0.0' } };
const vitest = { 'node_modules/vitest': { version: '5.1.1', dev: true } };

/** A stand-in for npm: writes down how it was called, and "installs" what `installs` says. */
function provideNpm(installs: object, exitCode = 0): void {
  write(
    'npm.cjs',
    `
    const fs = require('fs');
    fs.appendFileSync(${JSON.stringify(join(folder, 'calls'))}, process.argv.slice(2).join(' ') +
      ' loglevel=' + process.env.npm_config_loglevel + '\\n');
    fs.mkdirSync('node_modules', { recursive: true });
    fs.writeFileSync('node_modules/.package-lock.json', ${JSON.stringify(JSON.stringify(installs))});
    process.exitCode = ${exitCode};`,
  );
}

function prestart(...args: string[]): { status: number | null; stderr: string; calls: string } {
  const env = { ...process.env, npm_execpath: join(folder, 'npm.cjs'), npm_config_loglevel: 'silent' };
  const options = { encoding: 'utf8', env, timeout: 20_000 } as const;
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'scripts/prestart.cjs'), ...args], options);
  let calls = '';
  try {
    calls = readFileSync(join(folder, 'calls'), 'utf8');
  } catch {
    // npm was not called.
  }
  return { status, stderr, calls };
}

describe('what runs before npm start and npm test', () => {
  test('installs with npm ci when nothing was installed yet, and lets npm speak even in a silent run', () => {
    write('package-lock.json', lock(fastify));
    provideNpm(lock(fastify));
    const { status, stderr, calls } = prestart();
    expect(calls).toBe('ci --no-audit --no-fund --loglevel=error loglevel=undefined\n');
    expect(stderr).toContain('node_modules is missing or incomplete; running npm ci');
    expect(status).toBe(0);
  });

  test('leaves an installation alone that fits the lockfile, also one without what only tests need', () => {
    write('package-lock.json', lock({ ...fastify, ...vitest }));
    write('node_modules/.package-lock.json', lock(fastify));
    provideNpm(lock({}));
    expect(prestart()).toEqual({ status: 0, stderr: '', calls: '' });
  });

  test('installs what tests need before npm test', () => {
    write('package-lock.json', lock({ ...fastify, ...vitest }));
    write('node_modules/.package-lock.json', lock(fastify));
    provideNpm(lock({ ...fastify, ...vitest }));
    const { stderr, calls } = prestart('--dev');
    expect(stderr).toContain('vitest is not installed');
    expect(calls).toContain('ci ');
  });

  test('installs again when the lockfile wants another version', () => {
    write('package-lock.json', lock(fastify));
    write('node_modules/.package-lock.json', lock({ 'node_modules/fastify': { version: '4.9.0' } }));
    provideNpm(lock(fastify));
    expect(prestart().stderr).toContain('fastify is 4.9.0, not 5.0.0');
  });

  test('wants its own Node where there is one for this platform, and no other optional package', () => {
    const optional = { optional: true, version: '24.21.0' };
    const own = `node_modules/node-${process.platform}-${process.arch}`;
    const others = { 'node_modules/node-beos-x64': { ...optional, os: ['beos'] }, 'node_modules/extra': optional };
    write('package-lock.json', lock({ ...others, [own]: { ...optional, os: [process.platform] } }));
    write('node_modules/.package-lock.json', lock({}));
    provideNpm(lock({ [own]: optional }));
    const { status, stderr } = prestart();
    expect(stderr).toContain(`${own.replace('node_modules/', '')} is not installed`);
    expect(status).toBe(0);
  });

  test('fails in one line when npm fails', () => {
    write('package-lock.json', lock(fastify));
    provideNpm({}, 4);
    const { status, stderr } = prestart();
    expect(stderr).toContain('hubfarm: npm ci failed (exit code 4)');
    expect(status).toBe(1);
  });

  test('fails in one line when the Node that scripts would run on is too old', () => {
    write('package-lock.json', lock(fastify));
    write('node_modules/.package-lock.json', lock(fastify));
    mkdirSync(join(folder, 'node_modules', '.bin'));
    write('node_modules/.bin/node', '#!/bin/sh\necho 20.20.2\n');
    spawnSync('chmod', ['+x', join(folder, 'node_modules/.bin/node')]);
    const { status, stderr } = prestart();
    expect(stderr).toMatch(/^hubfarm: Node 24 or newer is needed, this is 20\.20\.2, .*https:\/\/nodejs\.org\n$/);
    expect(status).toBe(1);
  });
});
