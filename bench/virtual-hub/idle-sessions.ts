/**
 * Memory of idle sessions, and the CPU that their keep-alives cost, at hubfarm and at Debian's vpnserver in turn:
 *
 *     node -C hubfarm-source bench/virtual-hub/idle-sessions.ts [rounds] [sessions,…]      as root
 *
 * Each round starts the server anew, because neither gives memory back, and lets some sessions come and go, which brings in
 * code and tables that are there once. Then the sessions come in steps and stay until the last step is measured; a session's
 * share is what the process has grown by since before the first step.
 */
import { argv } from 'node:process';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { cpuSeconds, residentBytes } from '../../test/interop/process.ts';
import { LoadRun } from '../load/run-load.ts';
import { sideBySide, type Figures, type Goals } from '../side-by-side.ts';
import { account, peerName, startContestants, type Contestant } from './contestants.ts';

const rounds = Number(argv[2] ?? 3);
const steps = (argv[3] ?? '1000').split(',').map(Number);
const concurrency = 32;
const warmUpSessions = 100;
const settleMs = 4_000;
const idleSeconds = 5;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function idle(contestant: Contestant, host: Host): Promise<Figures> {
  const load = (sessions: number, holdSeconds: number): LoadRun => {
    const { hub, user, password } = account;
    const words = ['login', '--server', `${contestant.host.address}:443`, '--hub', hub, '--user', user];
    const size = ['--sessions', `${sessions}`, '--concurrency', `${concurrency}`, '--hold', `${holdSeconds}`];
    return new LoadRun(host, [...words, '--password', password, ...size]);
  };
  await contestant.restart();
  await load(warmUpSessions, 0).ended();
  await pause(settleMs);
  const pid = contestant.pid();
  const startBytes = residentBytes(pid);
  const figures: Record<string, number> = { 'no session|MB': startBytes / 1e6 };
  const runs: LoadRun[] = [];
  try {
    for (const [index, sessions] of steps.entries()) {
      const run = load(sessions - (steps[index - 1] ?? 0), 600);
      runs.push(run);
      await run.up();
      await pause(settleMs);
      figures[`${sessions} sessions|kB/session`] = (residentBytes(pid) - startBytes) / 1e3 / sessions;
      const before = cpuSeconds(pid);
      await pause(idleSeconds * 1000);
      const share = (cpuSeconds(pid) - before) / idleSeconds;
      figures[`${sessions} sessions, idle|% of a processor`] = share * 100;
    }
  } finally {
    for (const run of runs) await run.kill();
  }
  return figures;
}

const goals: Goals = Object.fromEntries(
  steps.flatMap((sessions) => [
    [`${sessions} sessions|kB/session`, '<= 0.3'],
    [`${sessions} sessions, idle|% of a processor`, '<= 1'],
  ]),
);

const network = new Network();
try {
  const contestants = await startContestants(network);
  const host = network.host('load');
  await sideBySide({ contestants, rounds, measure: (contestant) => idle(contestant, host), goals, peer: peerName });
} finally {
  network.remove();
}
