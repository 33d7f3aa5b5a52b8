import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { IoError } from '../errors.ts';
import type { DirectoryLock } from '../files.ts';
import { errnoOf, fileError } from './errno.ts';
import { makeDirectories } from './make-directories.ts';
import { loadSystemCalls, type SystemCalls } from './system-calls.ts';

const LOCK_FILE = 'lock';
const PID_MAX_BYTES = 32;
/** <sys/file.h>, the same on every Linux and BSD. */
const LOCK_EXCLUSIVE_NOT_WAITING = 2 | 4;

/**
 * The lock is held by an open file (flock), or where that cannot be had by a listening socket without a name in the file
 * system: either goes with the process, kill -9 included, so there is no stale lock. The file itself stays and only says
 * who has it: removing it would let two processes lock two files of the same name.
 */
export async function lockDirectory(directory: string, systemCalls: SystemCalls | undefined): Promise<DirectoryLock> {
  // A bare descriptor: an object would be closed, and the lock lost, when a caller forgets it.
  const fd = await openLockFile(directory);
  try {
    const held = systemCalls === undefined ? await lockBySocket(fd) : lockByFile(fd, systemCalls);
    if (held === undefined) throw lockedError(directory, fd);
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
    return {
      release: async () => {
        ftruncateSync(fd);
        closeSync(fd);
        await held.release();
      },
    };
  } catch (error) {
    closeSync(fd);
    throw fileError(`cannot lock ${directory}`, error);
  }
}

export const lockDirectoryHere = async (directory: string): Promise<DirectoryLock> =>
  lockDirectory(directory, await loadSystemCalls());

async function openLockFile(directory: string): Promise<number> {
  try {
    await makeDirectories(directory, 0o700);
    // Not truncated: the holder's process id is in it.
    return openSync(join(directory, LOCK_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw fileError(`cannot lock ${directory}`, error);
  }
}

/** undefined = somebody else has it. */
function lockByFile(fd: number, systemCalls: SystemCalls): DirectoryLock | undefined {
  // Closing the file unlocks it.
  const isLocked = systemCalls.flock(fd, LOCK_EXCLUSIVE_NOT_WAITING) === 0;
  return isLocked ? { release: () => Promise.resolve() } : undefined;
}

function lockBySocket(fd: number): Promise<DirectoryLock | undefined> {
  const { dev, ino } = fstatSync(fd);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(`\0hubfarm-lock-${dev}-${ino}`, () => {
      server.unref();
      resolve({ release: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

function lockedError(directory: string, fd: number): IoError {
  const content = Buffer.alloc(PID_MAX_BYTES);
  const pid = content.toString('latin1', 0, readSync(fd, content, 0, PID_MAX_BYTES, 0)).trim();
  const holder = /^\d+$/.test(pid) ? `process ${pid}` : 'another process';
  return new IoError('LOCKED', `${directory} is in use by ${holder}: stop it, or choose another data directory`);
}
