import type { Outcome } from '../commands/command.ts';
import { parseJson } from '../json-document.ts';
import { said, type Verb, type VerbContext } from './verb.ts';

const MAX_CONFIG_BYTES = 256 * 1024 * 1024;
const SECRET_FILE_MODE = 0o600;

async function exportConfig({ api, files }: VerbContext, path: string): Promise<Outcome> {
  const document = (await api.call('GetConfig')).bytes('FileData');
  if (path === '-') {
    const text = document.toString('utf8').trimEnd();
    return { blocks: [{ kind: 'text', lines: [text] }], json: parseJson(text) };
  }
  await files.write(path, document, { mode: SECRET_FILE_MODE });
  return said(`configuration written to ${path} (it holds password hashes and the private key)`, { path });
}

async function importConfig({ api, files }: VerbContext, path: string): Promise<Outcome> {
  const document = await files.read(path, MAX_CONFIG_BYTES);
  await api.call('SetConfig', { FileName_str: 'hubfarm.json', FileData_bin: document.toString('base64') });
  return said(`configuration of ${path} is in force`, { path });
}

export const configVerbs: readonly Verb[] = [
  {
    noun: 'config',
    verb: 'export',
    about: 'save the whole configuration as JSON',
    words: ['[file]'],
    run: (context, [file = '-']) => exportConfig(context, file),
  },
  {
    noun: 'config',
    verb: 'import',
    about: 'replace the configuration by an exported one',
    words: ['<file>'],
    run: (context, [file = '']) => importConfig(context, file),
  },
  {
    noun: 'config',
    verb: 'backup',
    about: 'write a copy of the store to a new file on the server',
    words: ['<path>'],
    run: async ({ api }, [path = '']) => {
      await api.call('HubfarmBackup', { Path_str: path });
      return said(`backup written to ${path} on the server`, { path });
    },
  },
];
