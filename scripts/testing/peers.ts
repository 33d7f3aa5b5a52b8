import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peerNames, peerTable, type Peer } from '../../test/interop/peer-table.ts';

/** The machine that packages are installed on. */
export interface Machine {
  /** `/`, but for tests. */
  readonly root: string;
  readonly isSuperuser: boolean;
  readonly say: (line: string) => void;
  /** Runs a program to its end; true = exit code 0. */
  readonly run: (program: string, args: readonly string[]) => boolean;
}

const thisMachine: Machine = {
  root: '/',
  isSuperuser: process.getuid?.() === 0,
  say: (line) => console.log(line),
  run: (program, args) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options: SpawnSyncOptions = { stdio: ['ignore', 'inherit', 'inherit'], env, timeout: 15 * 60_000 };
    return spawnSync(program, args, options).status === 0;
  },
};

/** Debian asks this program before a package starts its daemon; exit code 101 = do not. */
const policyFile = 'usr/sbin/policy-rc.d';

function missingPackages({ root }: Machine): string[] {
  const peers: Peer[] = peerNames.map((name) => peerTable[name]);
  const missing = peers.filter(
    ({ files, isForBenches = false }) => !isForBenches && !files.some((file) => existsSync(join(root, file))),
  );
  return [...new Set(missing.map(({ debianPackage }) => debianPackage))];
}

function isDebian({ root }: Machine): boolean {
  const release = join(root, 'etc/os-release');
  if (!existsSync(join(root, 'usr/bin/apt-get')) || !existsSync(release)) return false;
  return /^ID(_LIKE)?=.*debian/m.test(readFileSync(release, 'utf8'));
}

/** Runs `work` while no package can start a daemon. What was there before comes back, also after Ctrl+C. */
function withoutDaemons({ root }: Machine, work: () => void): void {
  const policy = join(root, policyFile);
  const kept = `${policy}.before-hubfarm-tests`;
  // A `kept` that is there already is the true one, from a run that was killed.
  if (existsSync(policy) && !existsSync(kept)) renameSync(policy, kept);
  writeFileSync(policy, '#!/bin/sh\nexit 101\n');
  chmodSync(policy, 0o755);
  const goOn = (): void => undefined;
  process.on('SIGINT', goOn);
  try {
    work();
  } finally {
    process.off('SIGINT', goOn);
    rmSync(policy);
    if (existsSync(kept)) renameSync(kept, policy);
  }
}

/**
 * The packages' services would otherwise start at the next boot and take ports 443, 992, 1194, 5555, 2379 and 2380. Not
 * masked: whoever wants one later starts it.
 */
function disableServices({ root, run }: Machine, packages: readonly string[]): void {
  if (!existsSync(join(root, 'run/systemd/system'))) return;
  const peers: Peer[] = peerNames.map((name) => peerTable[name]);
  const units = packages.map((name) => {
    const { service = name } = peers.find((peer) => peer.debianPackage === name) ?? {};
    return `${service}.service`;
  });
  const known = units.filter((unit) => existsSync(join(root, 'lib/systemd/system', unit)));
  if (known.length > 0) run('systemctl', ['disable', '--now', ...known]);
}

function install(machine: Machine, packages: readonly string[]): void {
  const aptGet = (...args: string[]): boolean => machine.run('apt-get', ['-y', '-q', ...args]);
  withoutDaemons(machine, () => {
    const wanted = ['--no-install-recommends', 'install', ...packages];
    // A fresh machine has no package lists, or old ones.
    if (!aptGet(...wanted) && aptGet('update')) aptGet(...wanted);
  });
  disableServices(machine, packages);
}

/**
 * Makes sure that the programs which interop tests run against are installed: as root on Debian it installs them and
 * keeps their daemons from starting, elsewhere it says what to do. Returns the packages that are still missing.
 */
export function providePeers(machine: Machine = thisMachine): string[] {
  const missing = missingPackages(machine);
  if (missing.length === 0) return [];
  if (isDebian(machine) && machine.isSuperuser) {
    machine.say(`installing what interop tests run against: ${missing.join(' ')}`);
    install(machine, missing);
  } else {
    machine.say(
      `interop tests lack programs; on Debian: sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
  return missingPackages(machine);
}
