import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'vitest';
import { peerNames, peerTable, type PeerName } from './peer-table.ts';

/** Why `name` cannot be used here, or undefined when it can. */
function missingPeer(name: PeerName): string | undefined {
  const { files, debianPackage } = peerTable[name];
  return files.some((file) => existsSync(file)) ? undefined : `${name} (apt-get install ${debianPackage})`;
}

let namespaces: string | undefined | false = false;

/** Why network namespaces cannot be made here, or undefined. Asked once: it makes one, and deletes it. */
function missingNamespaces(): string | undefined {
  if (namespaces !== false) return namespaces;
  const name = `hf-probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8', timeout: 10_000 });
  if (made.status === 0) spawnSync('ip', ['netns', 'del', name], { timeout: 10_000 });
  const why = made.error?.message ?? made.stderr.trim();
  namespaces = made.status === 0 ? undefined : `network namespaces (run as root; ip netns add: ${why})`;
  return namespaces;
}

/** What of `names` is missing here, each with what to do. */
export function missingPeers(names: readonly PeerName[] = peerNames): string[] {
  return [...names.map(missingPeer), missingNamespaces()].filter((why) => why !== undefined);
}

/**
 * Whether a suite that needs `names` (and, always, network namespaces) can run. Where it cannot, it says so as one
 * skipped test; with CI=true that is a failure instead.
 *
 *     if (requirePeers(['vpnserver', 'vpnclient', 'vpncmd'])) describe('…', () => { … });
 */
export function requirePeers(names: readonly PeerName[]): boolean {
  const missing = missingPeers(names);
  if (missing.length === 0) return true;
  const reason = `not run, it needs ${missing.join(', ')}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  test(reason, ({ skip }) => skip(reason));
  return false;
}
