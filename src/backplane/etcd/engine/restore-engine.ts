import { IoError, type Commands } from '#io';
import { engineFiles, url } from './engine-arguments.ts';
import { EngineError } from './engine-error.ts';
import { enginePorts, type EngineOptions } from './engine-options.ts';

export interface RestoreOptions extends Pick<
  EngineOptions,
  'name' | 'directory' | 'host' | 'peerPort' | 'clusterId' | 'commands' | 'files'
> {
  /** What `Backplane.backup` of a cluster has written. */
  readonly backup: string;
  /** Path of etcdctl; absent = `etcdctl` in PATH. */
  readonly tool?: string;
}

const timeoutMs = 170_000;

/**
 * Makes a backup the data of a new engine with one voter: this one. Every server of the cluster must be down, for what
 * they remember of the store is newer than the backup; afterwards the others join again, with empty directories.
 * @throws EngineError
 */
export async function restoreEngine(options: RestoreOptions): Promise<void> {
  const { name, host, peerPort = enginePorts.peer, clusterId, commands, files, directory, backup } = options;
  const { data } = engineFiles(directory);
  if (await files.exists(data)) {
    throw new EngineError('ENGINE_FAILED', `${data} is there already: move it away first, a backup replaces nothing`);
  }
  if (!(await files.exists(backup))) throw new EngineError('ENGINE_FAILED', `there is no backup ${backup}`);
  await files.makeDirectory(directory);
  const settings = {
    name,
    'data-dir': data,
    'initial-cluster': `${name}=${url(host, peerPort)}`,
    'initial-advertise-peer-urls': url(host, peerPort),
    'initial-cluster-token': clusterId,
  };
  const flags = Object.entries(settings).map(([setting, value]) => `--${setting}=${value}`);
  const { exitCode, stdout, stderr } = await run(options, ['snapshot', 'restore', backup, ...flags]);
  if (exitCode === 0) return;
  // Half a restoration, which we began: it must not be taken for data.
  await commands.run('rm', ['-r', '-f', '--', data], { timeoutMs });
  const said = (stderr + stdout).trim().split('\n').at(-1) ?? '';
  const cause = said.includes('hash') ? 'the file is damaged, or not a backup of a cluster' : said;
  throw new EngineError('ENGINE_FAILED', `cannot restore ${backup}: ${cause}`);
}

async function run(
  { commands, tool = 'etcdctl' }: RestoreOptions,
  args: readonly string[],
): ReturnType<Commands['run']> {
  try {
    return await commands.run(tool, args, { timeoutMs });
  } catch (error) {
    if (!(error instanceof IoError) || error.code !== 'COMMAND_NOT_FOUND') throw error;
    const text = `${tool} is not there: restoring needs it; on Debian: apt-get install etcd-client`;
    throw new EngineError('ENGINE_MISSING', text, { cause: error });
  }
}
