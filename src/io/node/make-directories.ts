import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoOf } from './errno.ts';

/**
 * Makes a directory, and those above it that are missing, one after the other. The runtime's own way (`recursive`) never
 * returns where a file system makes nothing and says ENOENT (/proc), and says ENOENT too of a read-only one.
 * @throws the system's error; ENOTDIR where something else has the name of the directory, or of one above it.
 */
export async function makeDirectories(path: string, mode: number): Promise<void> {
  const missing: string[] = [];
  let place = resolve(path);
  while (!(await isDirectory(place))) {
    missing.push(place);
    place = dirname(place);
  }
  for (const directory of missing.reverse()) {
    try {
      await mkdir(directory, { mode });
    } catch (error) {
      // Somebody else has just made it.
      if (errnoOf(error) !== 'EEXIST' || !(await isDirectory(directory))) throw error;
    }
  }
}

/** false = nothing is there. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is not a directory`), { code: 'ENOTDIR' });
}
