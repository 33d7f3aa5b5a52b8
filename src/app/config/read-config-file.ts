import type { UserFiles } from '#io';
import { ConfigError } from './config-error.ts';
import { maxConfigBytes, type ConfigFile } from './read-document.ts';

/**
 * Reads a configuration file.
 * @throws IoError when it cannot be read, ConfigError when it is not UTF-8.
 */
export async function readConfigFile(files: Pick<UserFiles, 'read'>, path: string): Promise<ConfigFile> {
  const bytes = await files.read(path, maxConfigBytes);
  try {
    return { name: path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    throw new ConfigError([`${path}: not UTF-8 text`], { cause });
  }
}
