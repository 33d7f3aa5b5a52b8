import { existsSync } from 'node:fs';
import { test } from 'vitest';
import { peerTable } from '../../interop/peer-table.ts';

/** Whether etcd and etcdctl are here. Where not, the suite says so as one skipped test; with CI=true that is a failure. */
export function requireEtcd(): boolean {
  const programs = [peerTable.etcd, peerTable.etcdctl];
  const missing = programs.filter(({ files }) => !files.some((file) => existsSync(file)));
  if (missing.length === 0) return true;
  const reason = `not run, it needs ${missing.map(({ debianPackage }) => debianPackage).join(', ')} (apt-get install)`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  test(reason, ({ skip }) => skip(reason));
  return false;
}
