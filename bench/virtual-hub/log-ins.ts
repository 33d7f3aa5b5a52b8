/**
 * Log-ins per second, and what each costs the server, at hubfarm and at Debian's vpnserver in turn:
 *
 *     node -C hubfarm-source bench/virtual-hub/log-ins.ts [rounds] [log-ins] [concurrency]      as root
 *
 * The clients show themselves as stock ones do (`--as stock`): no ALPN, so hubfarm keeps them at TLS 1.2 and renegotiates
 * once, which real clients need. A third contestant row says what clients that read hubfarm's ways cost (`--as hubfarm`).
 */
import { argv } from 'node:process';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { cpuSeconds } from '../../test/interop/process.ts';
import { LoadRun } from '../load/run-load.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { account, peerName, startContestants, type Contestant } from './contestants.ts';

const rounds = Number(argv[2] ?? 3);
const count = Number(argv[3] ?? 1000);
const concurrency = Number(argv[4] ?? 32);
/** Log-ins of a load client that do not count: a client that was just started takes twice as much. */
const warmUp = 300;
/** What a log-in leaves for later: keep-alives begin, renegotiations end. */
const settleMs = 1_000;
const holdSeconds = 2;

/** What each kind of client agreed on with each server; said once, below the table. */
const tls = new Map<string, string>();

async function logIns(contestant: Contestant, host: Host, as: 'stock' | 'hubfarm'): Promise<Figures> {
  const { hub, user, password } = account;
  const words = ['storm', '--server', `${contestant.host.address}:443`, '--hub', hub, '--user', user];
  const load = ['--sessions', `${count}`, '--concurrency', `${concurrency}`, '--hold', `${holdSeconds}`, '--as', as];
  const run = new LoadRun(host, [...words, '--password', password, ...load, '--warm-up', `${warmUp}`]);
  await run.line('warm');
  const before = cpuSeconds(contestant.pid());
  const up = await run.up();
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const spent = cpuSeconds(contestant.pid()) - before;
  await run.ended();
  tls.set(`${contestant.name}, as ${as}`, up.tls);
  return {
    [`as ${as}|log-ins/s`]: up.loginsPerSecond,
    [`as ${as}, server|CPU ms/log-in`]: (spent * 1000) / up.up,
    [`as ${as}, load client|CPU ms/log-in`]: up.clientCpuMsPerLogin,
    [`as ${as}, dial to Welcome, p50|ms`]: up.latencyMs.p50,
    [`as ${as}, dial to Welcome, p99|ms`]: up.latencyMs.p99,
  };
}

const network = new Network();
try {
  const contestants = await startContestants(network);
  const host = network.host('load');
  const measure = async (contestant: Contestant): Promise<Figures> => ({
    ...(await logIns(contestant, host, 'stock')),
    ...(await logIns(contestant, host, 'hubfarm')),
  });
  for (const contestant of contestants) await measure(contestant);
  await sideBySide({
    contestants,
    rounds,
    measure,
    peer: peerName,
    goals: {
      'as stock|log-ins/s': 'ours >= 600',
      'as hubfarm|log-ins/s': 'ours >= 600',
      'as stock, server|CPU ms/log-in': '<= 0.35',
      'as hubfarm, server|CPU ms/log-in': '<= 0.35',
    },
  });
  for (const [who, what] of tls) console.log(`${who}: ${what}`);
} finally {
  network.remove();
}
