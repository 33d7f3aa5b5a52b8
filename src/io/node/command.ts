import { execFile } from 'node:child_process';
import type { Commands } from '../command.ts';
import { IoError } from '../errors.ts';
import { asError, errnoOf } from './errno.ts';

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export const nodeCommands: Commands = {
  run: (program, args, { timeoutMs, input }) =>
    new Promise((resolve, reject) => {
      const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
      const child = execFile(program, [...args], options, (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : Reflect.get(error, 'code');
        if (typeof exitCode === 'number') resolve({ exitCode, stdout, stderr });
        else reject(commandError(`${program} ${args.join(' ')}`.trim(), timeoutMs, error));
      });
      // A child that does not read its input makes this fail; its exit code says more.
      child.stdin?.on('error', () => undefined).end(input);
    }),
};

function commandError(command: string, timeoutMs: number, cause: unknown): IoError {
  const errno = errnoOf(cause);
  const options = { cause };
  if (errno === 'ENOENT') {
    const program = command.split(' ', 1)[0] ?? '';
    return new IoError('COMMAND_NOT_FOUND', `cannot run ${program}: it is not installed, or not in PATH`, options);
  }
  if (errno === 'EACCES') return new IoError('NO_PERMISSION', `cannot run ${command}: no permission`, options);
  if (errno === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return new IoError('TOO_LARGE', `${command}: more output than ${MAX_OUTPUT_BYTES} bytes`, options);
  }
  if (cause instanceof Error && Reflect.get(cause, 'killed') === true) {
    return new IoError('TIMEOUT', `${command}: not done within ${timeoutMs} ms, killed`, options);
  }
  return new IoError('OTHER', `${command}: ${asError(cause).message}`, options);
}
