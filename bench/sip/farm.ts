/**
 * The farm of three hubfarm servers, behind a balancer that sends each packet to the next of them, beside Kamailio's usual
 * farm (a dispatcher, two proxies, dmq_usrloc):
 *
 *     node -C hubfarm-source bench/sip/farm.ts [rounds] [cases]      as root
 *
 * Cases: `register,calls,kill` unless given. CPU is that of all server processes of a farm together; what the balancer's
 * kernel does is not in it. `kill`: SIGKILL to one of the servers under 100 calls a second with 300 up.
 * `BENCH_ONLY=hubfarm` or `kamailio` leaves the other out.
 */
import { argv, env } from 'node:process';
import { Network } from '../../test/interop/namespaces.ts';
import { Sipp, sipUsers, writeUsers, type SippRun } from '../../test/interop/sipp.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { cpuNanoseconds, proportionalMegabytes } from './cpu-time.ts';
import { HubfarmFarm } from './hubfarm-farm.ts';
import { KamailioFarm } from './kamailio-farm.ts';

const rounds = Number(argv[2] ?? 3);
const cases = (argv[3] ?? 'register,calls,kill').split(',');
const domain = 'farm.test';
/** Timer C and 64 × T1: for so long members remember who was there before. */
const settledMs = 215_000;
const users = sipUsers(10_000, domain);
const network = new Network();
const callers = network.host('callers');
const callees = network.host('callees');
const file = writeUsers(callers, users);
let port = 6000;

interface Contestant {
  readonly name: string;
  readonly address: string;
  pids(): readonly number[];
  /** Ends one of its servers as a crash does; the function that it returns brings it back. */
  loseOne(): Promise<() => Promise<void>>;
}

function sipp(run: Omit<SippRun, 'port'>): Sipp {
  port = port >= 6900 ? 6000 : port + 2;
  return new Sipp(callers, { port, timeoutMs: 120_000, t1Ms: 500, users: file, ...run });
}

const cpu = ({ pids }: Contestant): number => pids().reduce((total, pid) => total + cpuNanoseconds(pid), 0);

async function register(contestant: Contestant, calls: number): Promise<Figures> {
  const before = cpu(contestant);
  const keys = { contact: `${callees.address}:5080` };
  const run = { scenario: 'register', target: `${contestant.address}:5060`, calls, rate: 1000, keys };
  const { successful, failed, retransmissions } = await sipp(run).ended();
  return {
    'register, 1000/s|CPU µs each': (cpu(contestant) - before) / 1000 / successful,
    'register, 1000/s|failed': failed,
    'register, 1000/s|sent again': retransmissions,
  };
}

async function call(contestant: Contestant, load: { rate: number; calls: number; holdMs: number }): Promise<Figures> {
  const callee = new Sipp(callees, { scenario: 'patient-callee', port: 5080, t1Ms: 500, timeoutMs: 120_000 });
  await callees.receives('udp', 5080);
  const before = cpu(contestant);
  const run = { scenario: 'caller', target: `${contestant.address}:5060`, ...load };
  const { successful, failed, retransmissions } = await sipp(run).ended();
  const spent = cpu(contestant) - before;
  await callee.stop();
  return {
    [`calls, ${load.rate}/s|CPU µs each`]: spent / 1000 / successful,
    [`calls, ${load.rate}/s|failed`]: failed,
    [`calls, ${load.rate}/s|sent again`]: retransmissions,
  };
}

/** 100 calls a second of 3 s each; 8 s after the start one server is gone. */
async function kill(contestant: Contestant): Promise<Figures> {
  const patient = { scenario: 'patient-callee', port: 5080, t1Ms: 500, timeoutMs: 120_000 };
  // What another server sends again has the same branch, but another name beside it.
  const callee = new Sipp(callees, { ...patient, more: ['-rtcheck', 'loose'] });
  await callees.receives('udp', 5080);
  const run = { scenario: 'caller', target: `${contestant.address}:5060`, rate: 100, calls: 2500, holdMs: 3000 };
  const load = sipp(run);
  await new Promise((resolve) => setTimeout(resolve, 8000));
  const bringBack = await contestant.loseOne();
  const { failed, retransmissions } = await load.ended();
  await callee.stop();
  await bringBack();
  return { 'one server killed, of 2500 calls|failed': failed, 'one server killed|sent again': retransmissions };
}

async function measure(contestant: Contestant): Promise<Figures> {
  let figures: Figures = {};
  if (cases.includes('register')) figures = { ...figures, ...(await register(contestant, 5000)) };
  if (cases.includes('calls') || cases.includes('kill')) await register(contestant, users.length);
  if (cases.includes('calls')) {
    figures = { ...figures, ...(await call(contestant, { rate: 400, calls: 2000, holdMs: 200 })) };
  }
  if (cases.includes('kill')) figures = { ...figures, ...(await kill(contestant)) };
  const memory = contestant.pids().reduce((total, pid) => total + proportionalMegabytes(pid), 0);
  return { ...figures, 'memory afterwards|MB': memory };
}

try {
  const contestants: Contestant[] = [];
  if (env['BENCH_ONLY'] !== 'kamailio') {
    const farm = new HubfarmFarm((name) => network.host(name));
    await farm.start(domain, users);
    contestants.push({
      name: 'hubfarm',
      address: farm.address,
      pids: () => farm.pids,
      loseOne: () => farm.loseOne(),
    });
  }
  if (env['BENCH_ONLY'] !== 'hubfarm') {
    const farm = new KamailioFarm((name) => network.host(name));
    await farm.start(domain, users);
    contestants.push({
      name: 'kamailio',
      address: farm.front.address,
      pids: () => farm.pids,
      loseOne: () => farm.loseOne(domain),
    });
  }
  // Warm: programs just started cost twice as much, and three share the calls that make them faster. And a farm looks for
  // owners of before while its members are new.
  const startedMs = performance.now();
  for (const contestant of contestants) await register(contestant, users.length);
  do for (const contestant of contestants) await call(contestant, { rate: 400, calls: 12_000, holdMs: 200 });
  while (performance.now() - startedMs < settledMs);
  await sideBySide({
    contestants,
    rounds,
    measure,
    peer: "Kamailio's farm",
    goals: {
      'register, 1000/s|CPU µs each': '<= 0.35',
      'calls, 400/s|CPU µs each': '<= 0.35',
    },
  });
} finally {
  network.remove();
}
