import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createNodeProcesses } from '../../../src/io/node/processes.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const processes = createNodeProcesses();

function start(script: string, environment: Record<string, string> = {}) {
  const pidFile = join(temporaryDirectory(), 'pid');
  const lines: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<{ code: number | undefined; signal: string | undefined }>();
  const options = { program: 'sh', args: ['-c', script], environment, pidFile };
  const started = processes.start(options, { line: (line) => lines.push(line), ended: resolve });
  return { started, lines, ended, pidFile };
}

const isRunning = (pid: number): boolean => {
  // A process that nobody has waited for yet is no more than an entry in a table.
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '';
  return state !== '' && !/\) Z /.test(state);
};

test('lines of both streams come one by one, then the end', async () => {
  const { lines, ended } = start('echo one; printf "two\\r\\nthree"; echo four >&2; exit 3');
  expect(await ended).toEqual({ code: 3, signal: undefined });
  expect(lines.toSorted()).toEqual(['four', 'one', 'three', 'two']);
});

test('a line without end comes in pieces', async () => {
  const { lines, ended } = start('head -c 100000 /dev/zero | tr "\\0" x');
  await ended;
  expect(lines.join('')).toHaveLength(100_000);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(16 * 1024);
});

test('it gets the environment that is given, and nothing of ours', async () => {
  const { lines, ended } = start('env', { GIVEN: 'yes' });
  await ended;
  const names = lines.map((line) => line.split('=')[0]);
  expect(lines).toContain('GIVEN=yes');
  expect(names).not.toContain('HOME');
  expect(names).not.toContain('VITEST');
});

test('it is asked to end, or ended', async () => {
  const patient = start('exec sleep 60');
  (await patient.started).end('ask');
  expect(await patient.ended).toEqual({ code: undefined, signal: 'SIGTERM' });
  const deaf = start('trap "" TERM; echo ready; while :; do sleep 1; done');
  const running = await deaf.started;
  while (deaf.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  running.end('ask');
  running.end('kill');
  expect(await deaf.ended).toEqual({ code: undefined, signal: 'SIGKILL' });
  running.end('kill');
});

test('what is not there, and what may not be run, is an error that names it', async () => {
  const sink = { line: () => undefined, ended: () => undefined };
  const pidFile = join(temporaryDirectory(), 'pid');
  const text = join(temporaryDirectory(), 'text');
  writeFileSync(text, 'x', { mode: 0o600 });
  const missing = { program: '/nowhere/program', args: [], environment: {}, pidFile };
  await expect(processes.start(missing, sink)).rejects.toMatchObject({
    code: 'COMMAND_NOT_FOUND',
    message: expect.stringContaining('/nowhere/program') as string,
  });
  await expect(processes.start({ ...missing, program: 'no-such-program' }, sink)).rejects.toMatchObject({
    code: 'COMMAND_NOT_FOUND',
  });
  await expect(processes.start({ ...missing, program: text }, sink)).rejects.toMatchObject({ code: 'NO_PERMISSION' });
});

test('its process file is there while it runs, and gone afterwards', async () => {
  const { started, ended, pidFile } = start('exec sleep 60');
  const running = await started;
  while (!existsSync(pidFile)) await new Promise((resolve) => setImmediate(resolve));
  running.end('kill');
  await ended;
  while (existsSync(pidFile)) await new Promise((resolve) => setImmediate(resolve));
});

test('one that was left behind is ended, and only if it is the same one', async () => {
  const pidFile = join(temporaryDirectory(), 'pid');
  expect(await processes.endLeftover(pidFile, 1_000)).toBe(false);
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid!;
  const startTime = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19]!;
  writeFileSync(pidFile, `${pid} ${Number(startTime) - 1}\n`);
  expect(await processes.endLeftover(pidFile, 1_000)).toBe(false);
  expect(isRunning(pid)).toBe(true);
  expect(existsSync(pidFile)).toBe(false);
  writeFileSync(pidFile, `${pid} ${startTime}\n`);
  const gone = once(child, 'exit');
  expect(await processes.endLeftover(pidFile, 5_000)).toBe(true);
  await gone;
  writeFileSync(pidFile, 'rubbish');
  expect(await processes.endLeftover(pidFile, 1_000)).toBe(false);
});

test('it ends when the process that started it is killed', async () => {
  const folder = temporaryDirectory();
  const entry = join(import.meta.dirname, 'process-starter.ts');
  const starter = spawn(process.execPath, ['-C', 'hubfarm-source', entry, join(folder, 'pid')]);
  const [line] = (await once(starter.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isRunning(pid)).toBe(true);
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  const endMs = performance.now() + 5_000;
  while (isRunning(pid) && performance.now() < endMs) await new Promise((resolve) => setImmediate(resolve));
  expect(isRunning(pid)).toBe(false);
});
