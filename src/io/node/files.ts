import { randomUUID } from 'node:crypto';
import { chmod, link, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../clock.ts';
import { IoError } from '../errors.ts';
import type { Files } from '../files.ts';
import { FileAppendLog } from './append-log.ts';
import { lockDirectoryHere } from './directory-lock.ts';
import { errnoOf, fileError } from './errno.ts';
import { makeDirectories } from './make-directories.ts';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;
/** unix(7): of the 108 bytes the last one is 0. */
const SOCKET_PATH_MAX_BYTES = 107;

/** `clock` gives the day of a log's file. */
export function createNodeFiles(clock: Clock): Files {
  return {
    read,
    writeAtomic,
    writeNew,
    exists,
    remove,
    removeDirectory,
    makeDirectory,
    lockDirectory: lockDirectoryHere,
    freeBytes,
    openLog: (options) => new FileAppendLog(options, clock),
    openOwnSocket,
  };
}

async function read(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > maxBytes) throw new IoError('TOO_LARGE', `${path} has ${size} bytes, at most ${maxBytes} are read`);
    return await file.readFile();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(`cannot read ${path}`, error);
  }
}

async function writeAtomic(
  path: string,
  content: Uint8Array | string,
  { mode = OWNER_ONLY_FILE }: { readonly mode?: number } = {},
): Promise<void> {
  // In the same directory: only within one file system is a rename atomic.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeDurably(temporary, content, mode);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(`cannot write ${path}`, error);
  }
}

async function writeNew(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const what = `cannot write ${path}`;
  if (await exists(path)) throw new IoError('NAME_TAKEN', `${what}: it exists already`);
  const temporary = `${path}.${randomUUID()}.tmp`;
  // What the source of the bytes says is not about the file.
  let sourceError: { readonly error: unknown } | undefined;
  const source = (async function* () {
    try {
      yield* parts;
    } catch (error) {
      sourceError = { error };
      throw error;
    }
  })();
  try {
    {
      await using file = await open(temporary, 'wx', OWNER_ONLY_FILE);
      for await (const part of source) await file.writeFile(part);
      await file.sync();
    }
    // Unlike a rename, a link refuses a name that was taken meanwhile.
    await link(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw sourceError === undefined ? fileError(what, error) : sourceError.error;
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function writeDurably(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  await using file = await open(path, 'wx', mode);
  await file.writeFile(content);
  await file.sync();
}

/** The name of a new file is as durable as its directory. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw fileError(`cannot look at ${path}`, error);
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw fileError(`cannot delete ${path}`, error);
  }
}

async function removeDirectory(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw fileError(`cannot remove ${path}`, error);
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path, OWNER_ONLY_DIRECTORY);
  } catch (error) {
    throw fileError(`cannot make the directory ${path}`, error);
  }
}

async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    throw fileError(`cannot look at the disk of ${path}`, error);
  }
}

async function openOwnSocket(path: string, listen: () => Promise<void>): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_MAX_BYTES) {
    const why = `the path has ${bytes} bytes, that of a socket may have ${SOCKET_PATH_MAX_BYTES}: choose a shorter folder`;
    throw new IoError('ADDRESS_NOT_AVAILABLE', `cannot listen on ${path}: ${why}`);
  }
  try {
    if ((await stat(path).catch(() => undefined))?.isSocket() === true) await rm(path);
    await listen();
    await chmod(path, OWNER_ONLY_FILE);
  } catch (error) {
    throw fileError(`cannot listen on ${path}`, error);
  }
}
