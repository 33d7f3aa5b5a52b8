import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const launcher = join(root, 'bin', 'hubfarm.cjs');

/** Loaded before the launcher: makes this Node pass for an old one, which also has no execve. */
const pretendOld = `
Object.defineProperty(process, 'versions', { value: Object.assign({}, process.versions, { node: '20.20.2' }) });
process.execve = undefined;
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hubfarm-launcher-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** A published package in `folder`, whose program is `text`. Returns its launcher. */
function installPackage(text: string): string {
  write('package.json', '{ "type": "module" }');
  write('dist/bin/hubfarm.js', text);
  mkdirSync(join(folder, 'bin'));
  copyFileSync(launcher, join(folder, 'bin', 'hubfarm.cjs'));
  return join(folder, 'bin', 'hubfarm.cjs');
}

function bundleNode(): void {
  const name = `node-${process.platform}-${process.arch}`;
  write(`node_modules/${name}/package.json`, '{}');
  mkdirSync(join(folder, 'node_modules', name, 'bin'));
  symlinkSync(process.execPath, join(folder, 'node_modules', name, 'bin', 'node'));
}

function launch(...args: string[]): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const env = { ...process.env, NODE_COMPILE_CACHE: '' };
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000, env });
}

async function untilSays(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (!output.includes(text)) await once(child.stdout!, 'data');
}

describe('the launcher', () => {
  test('runs the sources in a checkout, also through a link, and prints the version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const link = join(folder, 'hubfarm');
    symlinkSync(launcher, link);
    expect(launch(link, '--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('runs the built program in a published package, with its arguments', () => {
    const installed = installPackage('console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 3;');
    const { status, stdout } = launch(installed, 'serve', '--listen', '443');
    expect(JSON.parse(stdout)).toEqual(['serve', '--listen', '443']);
    expect(status).toBe(3);
  });

  test('takes the Node that came with the package when this one is too old, and passes its exit code on', () => {
    const installed = installPackage('console.log(process.versions.node, process.argv[2]); process.exitCode = 7;');
    bundleNode();
    const old = write('old.cjs', pretendOld);
    const { status, stdout } = launch('--require', old, installed, 'argument');
    expect(stdout).toBe(`${process.versions.node} argument\n`);
    expect(status).toBe(7);
  });

  test('keeps compiled code beside the code, not where others can write', () => {
    const installed = installPackage('');
    expect(launch(installed).status).toBe(0);
    expect(readdirSync(join(folder, 'node_modules/.cache/hubfarm'))).toHaveLength(1);
  });

  test('says in one line what to do when this Node is too old and none came with the package', () => {
    const installed = installPackage('console.log(1)');
    const { status, stderr } = launch('--require', write('old.cjs', pretendOld), installed);
    expect(stderr).toMatch(
      /^hubfarm: Node 24 or newer is needed, this is v[\d.]+, and no Node .* https:\/\/nodejs.org\n$/,
    );
    expect(status).toBe(1);
  });

  test('says in one line when the package is incomplete', () => {
    const installed = installPackage('');
    rmSync(join(folder, 'dist'), { recursive: true });
    expect(launch(installed)).toMatchObject({ status: 1, stderr: expect.stringContaining('is incomplete') as string });
  });

  test('passes signals to the program that it runs on the other Node', async () => {
    const installed = installPackage(`
      process.on('SIGTERM', () => { console.log('got SIGTERM'); process.exit(5); });
      setInterval(() => {}, 1000);
      console.log('up');`);
    bundleNode();
    const child = spawn(process.execPath, ['--require', write('old.cjs', pretendOld), installed]);
    await untilSays(child, 'up');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([5, null]);
  });

  test('ends by the signal that ended the program', async () => {
    const installed = installPackage("setInterval(() => {}, 1000); console.log('up');");
    bundleNode();
    const child = spawn(process.execPath, ['--require', write('old.cjs', pretendOld), installed]);
    await untilSays(child, 'up');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });
});
