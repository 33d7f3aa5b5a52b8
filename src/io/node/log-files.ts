import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogFileInfo, LogFiles } from '../log-files.ts';
import { errnoOf, fileError } from './errno.ts';

/** Only such names: what else lies in the folder is none of the readers' business. */
const logName = /^[\w.-]+\.log$/;
/** More are not listed; the newest by name are. */
const MAX_LISTED = 10_000;

/** The log files in these folders, by the names under which people see the folders. */
export function createNodeLogFiles(folders: Readonly<Record<string, string>>): LogFiles {
  return {
    list: async () => (await Promise.all(Object.entries(folders).map(([name, path]) => listFolder(name, path)))).flat(),
    read: async (path, offset, maxBytes) => {
      const [folder = '', file = '', ...rest] = path.split('/');
      const directory = Object.hasOwn(folders, folder) ? folders[folder] : undefined;
      if (directory === undefined || rest.length > 0 || !logName.test(file)) return undefined;
      return readPart(join(directory, file), offset, maxBytes);
    },
  };
}

async function listFolder(name: string, directory: string): Promise<LogFileInfo[]> {
  try {
    const files = (await readdir(directory)).filter((file) => logName.test(file)).sort();
    const infos = files.slice(-MAX_LISTED).map(async (file): Promise<LogFileInfo> => {
      const { size, mtimeMs } = await stat(join(directory, file));
      return { path: `${name}/${file}`, bytes: size, modifiedAtMs: Math.round(mtimeMs) };
    });
    return await Promise.all(infos);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileError(`cannot list ${directory}`, error);
  }
}

async function readPart(path: string, offset: number, maxBytes: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, offset);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(`cannot read ${path}`, error);
  }
}
