import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Console, Consoles } from '../console.ts';
import { reasonOf } from '#base';
import { IoError } from '../errors.ts';
import { errnoOf } from './errno.ts';

const LINE_MAX_CHARACTERS = 1024 * 1024;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const nodeConsoles: Consoles = {
  open: (program, args, sink) =>
    new Promise<Console>((resolve, reject) => {
      const child = spawn(program, [...args], { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' }, stdio: 'pipe' });
      child.once('error', (error) => reject(startError(program, error)));
      child.once('spawn', () => {
        child.on('error', () => undefined);
        // It may end while we write.
        child.stdin.on('error', () => undefined);
        child.once('close', (code, signal) => sink.ended({ code: code ?? undefined, signal: signal ?? undefined }));
        readLines(child.stdout, (text) => sink.line(text, 'output'));
        readLines(child.stderr, (text) => sink.line(text, 'error'));
        resolve({
          pid: child.pid ?? 0,
          write: (text) => {
            if (child.stdin.writable) child.stdin.write(text);
          },
          close: () => {
            child.stdin.end();
          },
          kill: () => {
            child.kill('SIGKILL');
          },
        });
      });
    }),
};

function readLines(stream: Readable, line: (text: string) => void): void {
  let rest = '';
  stream.setEncoding('latin1');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, LINE_MAX_CHARACTERS);
    for (const one of lines) line(one);
  });
  stream.on('end', () => {
    if (rest !== '') line(rest);
  });
  stream.on('error', () => undefined);
}

function startError(program: string, cause: Error): IoError {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT') {
    return new IoError('COMMAND_NOT_FOUND', `cannot run ${program}: it is not installed, or not in PATH`, { cause });
  }
  if (errno === 'EACCES') return new IoError('NO_PERMISSION', `cannot run ${program}: no permission`, { cause });
  return new IoError('OTHER', `cannot run ${program}: ${reasonOf(cause)}`, { cause });
}
