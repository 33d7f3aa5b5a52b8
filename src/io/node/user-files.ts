import { appendFile, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { IoError } from '../errors.ts';
import type { UserFiles } from '../user-files.ts';
import { errnoOf, fileError } from './errno.ts';
import { makeDirectories } from './make-directories.ts';

async function read(path: string, maxBytes: number): Promise<Buffer> {
  try {
    await using file = await open(path, 'r');
    const content = Buffer.alloc(maxBytes + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(content, size, content.length - size);
      size += bytesRead;
      if (bytesRead === 0 || size === content.length) break;
    }
    if (size > maxBytes) throw new IoError('TOO_LARGE', `cannot read ${path}: it is larger than ${maxBytes} bytes`);
    return Buffer.from(content.subarray(0, size));
  } catch (error) {
    throw fileError(`cannot read ${path}`, error);
  }
}

/** Written beside its place, then moved there: nobody sees half a file. Devices and pipes are written in place. */
async function write(path: string, content: Uint8Array | string, options?: { readonly mode?: number }): Promise<void> {
  const mode = options?.mode ?? 0o644;
  const isPlain = ['file', undefined].includes(await kindOf(path));
  const target = isPlain ? `${path}.new-${process.pid}` : path;
  try {
    await makeDirectories(dirname(path), 0o755);
    await using file = await open(target, 'w', mode);
    await file.writeFile(content);
    if (isPlain) await rename(target, path);
  } catch (error) {
    if (isPlain) await rm(target, { force: true });
    throw fileError(`cannot write ${path}`, error);
  }
}

async function append(path: string, content: string): Promise<void> {
  try {
    await appendFile(path, content);
  } catch (error) {
    throw fileError(`cannot write ${path}`, error);
  }
}

async function kindOf(path: string): Promise<'file' | 'socket' | 'folder' | 'other' | undefined> {
  try {
    const found = await stat(path);
    if (found.isFile()) return 'file';
    if (found.isSocket()) return 'socket';
    return found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error))) return undefined;
    throw fileError(`cannot look at ${path}`, error);
  }
}

async function isOurs(path: string): Promise<boolean> {
  if ((await kindOf(path)) === undefined) return false;
  const { uid } = await stat(path);
  return uid === 0 || uid === process.getuid?.();
}

export const nodeUserFiles: UserFiles = { read, write, append, isOurs, kindOf };
