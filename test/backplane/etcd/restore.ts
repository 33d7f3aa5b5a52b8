import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { TestEngine } from './test-engine.ts';

const documentation = new URL('../../../docs/operations/engine.md', import.meta.url);

/** Does what docs/operations/engine.md tells an administrator to do. Rejects with what etcdctl says. */
export async function restore({ options, name, host, peerPort }: TestEngine, backup: string): Promise<void> {
  const [command] = /etcdctl snapshot restore BACKUP(?:.*\\\n)*.*/.exec(readFileSync(documentation, 'utf8')) ?? [];
  if (command === undefined) throw new Error('docs/operations/engine.md no longer says how a backup is restored');
  const script = command
    .replace('BACKUP', backup)
    .replace('DATA/engine', options.directory)
    .replace('-token ID', `-token ${options.clusterId}`)
    .replaceAll('NAME', name)
    .replaceAll('HOST:5569', `${host}:${peerPort}`);
  await promisify(execFile)('sh', ['-c', script], { timeout: 60_000 });
}
