import { spawn, type ChildProcess } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { IoError } from '../errors.ts';
import type { Processes, ProcessOptions, ProcessSink, RunningProcess } from '../processes.ts';
import { asError, errnoOf } from './errno.ts';

const LINE_MAX_CHARACTERS = 16 * 1024;
const LEFTOVER_POLL_MS = 50;
/** Has the kernel end a child when its parent is gone (PR_SET_PDEATHSIG); of util-linux, so on every Debian. */
const SETPRIV = '/usr/bin/setpriv';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function createNodeProcesses(): Processes {
  return { start, endLeftover };
}

async function start(options: ProcessOptions, sink: ProcessSink): Promise<RunningProcess> {
  const { args, environment, pidFile } = options;
  const program = await locate(options.program);
  const [command, ...before] = existsSync(SETPRIV)
    ? ([SETPRIV, '--pdeathsig', 'TERM', '--', program] as const)
    : ([program] as const);
  const child = spawn(command, [...before, ...args], {
    env: { PATH: SYSTEM_PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(startError(program, error)));
    child.once('spawn', () => {
      const pid = child.pid ?? 0;
      child.on('error', () => undefined);
      const written = writePidFile(pidFile, pid);
      child.once('close', (code, signal) => {
        void written.then(() => rm(pidFile, { force: true })).catch(() => undefined);
        sink.ended({ code: code ?? undefined, signal: signal ?? undefined });
      });
      readLines(child.stdout, sink);
      readLines(child.stderr, sink);
      resolve({ pid, end: (how) => end(child, how) });
    });
  });
}

/** The path of `program`, which may be run. @throws IoError */
async function locate(program: string): Promise<string> {
  const places = program.includes('/') ? [program] : SYSTEM_PATH.split(':').map((folder) => `${folder}/${program}`);
  let failure: unknown = new IoError('COMMAND_NOT_FOUND', `cannot run ${program}: no such program`);
  for (const place of places) {
    try {
      await access(place, constants.X_OK);
      return place;
    } catch (error) {
      failure = startError(program, asError(error));
    }
  }
  throw failure;
}

function end(child: ChildProcess, how: 'ask' | 'kill'): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(how === 'ask' ? 'SIGTERM' : 'SIGKILL');
}

function readLines(stream: Readable, sink: ProcessSink): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) sink.line(line.replace(/\r$/, ''));
    for (; rest.length > LINE_MAX_CHARACTERS; rest = rest.slice(LINE_MAX_CHARACTERS)) {
      sink.line(rest.slice(0, LINE_MAX_CHARACTERS));
    }
  });
  stream.on('end', () => {
    if (rest !== '') sink.line(rest);
  });
  stream.on('error', () => undefined);
}

function startError(program: string, cause: Error): IoError {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT') {
    return new IoError('COMMAND_NOT_FOUND', `cannot run ${program}: it is not installed, or not in PATH`, { cause });
  }
  if (errno === 'EACCES') return new IoError('NO_PERMISSION', `cannot run ${program}: no permission`, { cause });
  return new IoError('OTHER', `cannot run ${program}: ${asError(cause).message}`, { cause });
}

/** `<pid> <start time>`: a number alone may belong to somebody else by now. */
async function writePidFile(path: string, pid: number): Promise<void> {
  const startTime = await startTimeOf(pid);
  if (startTime !== undefined) await writeFile(path, `${pid} ${startTime}\n`, { mode: 0o600 }).catch(() => undefined);
}

async function endLeftover(pidFile: string, graceMs: number): Promise<boolean> {
  const text = await readFile(pidFile, 'latin1').catch(() => '');
  const [, pidText = '', startTime = ''] = /^(\d{1,10}) (\d+)\n$/.exec(text) ?? [];
  const pid = Number(pidText);
  const isThere = async (): Promise<boolean> => pid > 1 && (await startTimeOf(pid)) === startTime;
  const wasThere = await isThere();
  if (wasThere) {
    const polls = Math.ceil(graceMs / LEFTOVER_POLL_MS);
    signal(pid, 'SIGTERM');
    for (let poll = 0; poll < polls && (await isThere()); poll++) await sleep(LEFTOVER_POLL_MS);
    if (await isThere()) signal(pid, 'SIGKILL');
    for (let poll = 0; poll < polls && (await isThere()); poll++) await sleep(LEFTOVER_POLL_MS);
  }
  await rm(pidFile, { force: true });
  return wasThere;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile, or is not ours; whoever needs its place will say so.
  }
}

/** proc(5): field 22 of /proc/pid/stat, behind the name in parentheses. undefined: no such process, or only its remains. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
