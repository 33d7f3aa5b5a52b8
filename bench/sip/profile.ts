/**
 * Where hubfarm's CPU goes under one SIP load: microseconds of each thread and wake-ups per operation; with `BENCH_PROFILE=1`
 * also the functions of each thread, by their own time, while it lasted.
 *
 *     node -C hubfarm-source bench/sip/profile.ts register|calls|options [rate] [operations] [users]      as root
 *
 * `BENCH_DATAGRAM=node` makes hubfarm do without koffi. `BENCH_SET=sip.x=1,…` sets more. A profile costs a tenth by itself.
 * `BENCH_PERF=file` records with perf instead: see it with `perf report -i file --no-children`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env } from 'node:process';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { provideAccounts } from '../../test/interop/sip-server.ts';
import { RunningProcess } from '../../test/interop/process.ts';
import { Sipp, sipUsers, writeUsers, type SippRun } from '../../test/interop/sipp.ts';
import { proportionalMegabytes } from './cpu-time.ts';
import { readProfiles } from './cpu-profile.ts';
import { threadTimes, type ThreadTime } from './thread-times.ts';

const load = argv[2] ?? 'register';
const rate = Number(argv[3] ?? 1000);
const count = Number(argv[4] ?? 5000);
const users = sipUsers(Number(argv[5] ?? 5000), 'farm.test');
const wantsProfile = env['BENCH_PROFILE'] === '1';
const perfFile = env['BENCH_PERF'];
const settings = [
  'sip.trusted=10.77.0.0/24',
  ...(env['BENCH_DATAGRAM'] === 'node' ? ['sip.batchedUdp=false'] : []),
  ...(env['BENCH_SET']?.split(',') ?? []),
];

const network = new Network();
const callers = network.host('callers');
const callees = network.host('callees');
const file = writeUsers(callers, users);
const timeoutMs = 60_000;
let port = 6000;

function sipp(host: Host, run: Omit<SippRun, 'port'> & { readonly port?: number }): Sipp {
  return new Sipp(host, { port: (port += 2), timeoutMs, t1Ms: 500, ...run });
}

async function operations(target: string, calls: number): Promise<number> {
  const contact = `${callees.address}:5080`;
  const common = { target, rate, calls, users: file, keys: { contact } };
  if (load !== 'calls') return (await sipp(callers, { scenario: load, ...common }).ended()).successful;
  const callee = new Sipp(callees, { scenario: 'callee', port: 5080, t1Ms: 500, timeoutMs });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { successful, failed, retransmissions } = await sipp(callers, {
    scenario: 'caller',
    holdMs: 200,
    ...common,
  }).ended();
  await callee.stop();
  if (failed + retransmissions > 0) console.log(`${failed} failed, ${retransmissions} were sent again`);
  return successful;
}

function difference(before: readonly ThreadTime[], after: readonly ThreadTime[], done: number): void {
  let total = 0;
  for (const thread of after) {
    const { nanoseconds = 0, wakeUps = 0 } = before.find(({ id }) => id === thread.id) ?? {};
    const each = (thread.nanoseconds - nanoseconds) / 1000 / done;
    total += each;
    if (each < 0.1) continue;
    const woken = (thread.wakeUps - wakeUps) / done;
    console.log(`${each.toFixed(1).padStart(8)} us ${woken.toFixed(2).padStart(6)} wake-ups  ${thread.name}`);
  }
  console.log(`${total.toFixed(1).padStart(8)} us each, all threads (${done} x ${load}, ${rate}/s)`);
}

/** What the kernel does for it, and which tier of the compiler a function is in, only perf sees. */
function recorder(pid: number, output: string): RunningProcess {
  return new RunningProcess('perf', ['record', '-q', '-F', '1999', '-g', '-p', `${pid}`, '-o', output]);
}

try {
  const host = network.host('hubfarm');
  const folder = join(host.folder, 'profiles');
  mkdirSync(folder);
  const server = new HubfarmServer(host, { settings });
  if (wantsProfile) env['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-interval=250 --cpu-prof-dir=${folder}`;
  if (perfFile !== undefined) env['NODE_OPTIONS'] = '--perf-basic-prof';
  await server.start();
  delete env['NODE_OPTIONS'];
  await provideAccounts(server, 'farm.test', users);
  const target = `${host.address}:5060`;
  if (load === 'calls') {
    const contact = `${callees.address}:5080`;
    await sipp(callers, {
      scenario: 'register',
      target,
      rate: 2000,
      calls: users.length,
      users: file,
      keys: { contact },
    }).ended();
  }
  // warm: a program just started costs twice as much
  await operations(target, count);
  const startedUs = Number(process.hrtime.bigint() / 1000n);
  const perf = perfFile === undefined ? undefined : recorder(server.pid, perfFile);
  const before = threadTimes(server.pid);
  const done = await operations(target, count);
  const after = threadTimes(server.pid);
  await perf?.stop(10_000, 'SIGINT');
  const endedUs = Number(process.hrtime.bigint() / 1000n);
  difference(before, after, done);
  console.log(`${proportionalMegabytes(server.pid).toFixed(0).padStart(8)} MB`);
  await server.stop();
  if (wantsProfile) for (const text of readProfiles(folder, startedUs, endedUs, done)) console.log(text);
} finally {
  network.remove();
}
