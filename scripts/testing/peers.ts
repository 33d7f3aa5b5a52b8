import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { peerNames, peerTable, type Peer } from '../../test/interop/peer-table.ts';

/** Debian asks this program before a package starts its daemon; exit code 101 = do not. */
const policyFile = '/usr/sbin/policy-rc.d';
const policyKept = `${policyFile}.before-hubfarm-tests`;

function missingPackages(): string[] {
  const peers: Peer[] = peerNames.map((name) => peerTable[name]);
  const missing = peers.filter(({ files }) => !files.some((f) => existsSync(f)));
  return [...new Set(missing.map(({ debianPackage }) => debianPackage))];
}

function isDebian(): boolean {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/etc/os-release')) return false;
  return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** Runs `work` while no package can start a daemon; what was there before comes back, also after an interruption. */
function withoutDaemons(work: () => void): void {
  if (existsSync(policyFile) && !existsSync(policyKept)) renameSync(policyFile, policyKept);
  writeFileSync(policyFile, '#!/bin/sh\nexit 101\n');
  chmodSync(policyFile, 0o755);
  try {
    work();
  } finally {
    rmSync(policyFile);
    if (existsSync(policyKept)) renameSync(policyKept, policyFile);
  }
}

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options: SpawnSyncOptions = { stdio: ['ignore', 'inherit', 'inherit'], env, timeout: 15 * 60_000 };
  return spawnSync('apt-get', ['-y', '-q', ...args], options).status === 0;
}

/** The packages' services would otherwise start at the next boot and take ports 443, 992, 1194 and 5555. */
function disableServices(packages: readonly string[]): void {
  if (!existsSync('/run/systemd/system')) return;
  const units = packages.map((name) => `${name}.service`).filter((unit) => existsSync(`/lib/systemd/system/${unit}`));
  if (units.length > 0) spawnSync('systemctl', ['disable', '--now', ...units], { stdio: 'inherit', timeout: 60_000 });
}

function install(packages: readonly string[]): void {
  const ignore = (): void => undefined;
  // Ctrl+C reaches apt-get too, which ends; we go on to put the policy file back.
  process.on('SIGINT', ignore);
  try {
    withoutDaemons(() => {
      const wanted = ['--no-install-recommends', 'install', ...packages];
      if (!aptGet(...wanted) && aptGet('update')) aptGet(...wanted);
    });
  } finally {
    process.off('SIGINT', ignore);
  }
  disableServices(packages);
}

/**
 * Makes sure that the programs which interop tests run against are installed: as root on Debian it installs them and
 * keeps their daemons from starting, elsewhere it says what to do. Returns the packages that are still missing.
 */
export function providePeers(): string[] {
  const missing = missingPackages();
  if (missing.length === 0) return [];
  const byHand = `sudo apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (isDebian() && process.getuid?.() === 0) {
    console.log(`installing what interop tests run against: ${missing.join(' ')}`);
    install(missing);
  } else {
    console.log(`interop tests lack programs; on Debian: ${byHand}`);
  }
  return missingPackages();
}
