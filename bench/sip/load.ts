/**
 * Calls, registrations and OPTIONS by SIPp, at hubfarm and at Debian's Kamailio (two workers a transport) in turn:
 *
 *     node -C hubfarm-source bench/sip/load.ts [rounds] [cases]      as root
 *
 * Cases: `options,register,calls,calls-tcp` unless given; `latency` is how long an INVITE takes to the other end, by one clock,
 * at half of the load that Kamailio carried here (500 calls a second). CPU is that of all threads and processes of a server, exact.
 * `BENCH_DATAGRAM=node` makes hubfarm do without koffi; `BENCH_ONLY=hubfarm` leaves Kamailio out.
 */
import { join } from 'node:path';
import { argv, env, execPath } from 'node:process';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { provideAccounts } from '../../test/interop/sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippRun } from '../../test/interop/sipp.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { cpuNanoseconds, proportionalMegabytes } from './cpu-time.ts';
import { Kamailio } from './kamailio.ts';

const rounds = Number(argv[2] ?? 3);
const cases = (argv[3] ?? 'options,register,calls,calls-tcp').split(',');
const warmRounds = Number(env['BENCH_WARM'] ?? 2);
const latencyLoad = { rate: 500, calls: 5000 };
const probeProgram = join(import.meta.dirname, 'latency-probe.ts');
const probePort = 7300;
const probeRate = 80;
const domain = 'farm.test';
const users = sipUsers(10_000, domain);
const isPlain = env['BENCH_DATAGRAM'] === 'node';
/** Kamailio as configured here asks nobody who calls for a password. */
const settings = ['sip.trusted=10.77.0.0/24', ...(isPlain ? ['sip.batchedUdp=false'] : [])];

interface Contestant {
  readonly name: string;
  readonly address: string;
  readonly pid: number;
}

interface Load {
  readonly scenario: string;
  readonly rate: number;
  readonly calls: number;
  readonly transport?: 'tcp';
  readonly isCall?: boolean;
}

const loads: Readonly<Record<string, readonly Load[]>> = {
  options: [{ scenario: 'options', rate: 2500, calls: 12_500 }],
  register: [
    { scenario: 'register', rate: 1000, calls: 5000 },
    { scenario: 'register', rate: 2000, calls: 10_000 },
  ],
  calls: [
    { scenario: 'caller', rate: 600, calls: 3000, isCall: true },
    { scenario: 'caller', rate: 1000, calls: 5000, isCall: true },
  ],
  'calls-tcp': [{ scenario: 'caller', rate: 600, calls: 3000, isCall: true, transport: 'tcp' }],
};

const network = new Network();
const callers = network.host('callers');
const callees = network.host('callees');
const prober = network.host('prober');
const file = writeUsers(callers, users);
let port = 6000;

function sipp(host: Host, run: Omit<SippRun, 'port'> & { readonly port?: number }): Sipp {
  port = port >= 6900 ? 6000 : port + 2;
  return new Sipp(host, { port, timeoutMs: 120_000, t1Ms: 500, ...run });
}

/** All users' contacts are the callees' host, which waits on one port for each transport. */
async function registerAll({ address }: Contestant, transport: 'udp' | 'tcp', count: number): Promise<void> {
  const contact = transport === 'udp' ? `${callees.address}:5080` : `${callees.address}:5081;transport=tcp`;
  const run = { scenario: 'register', target: `${address}:5060`, calls: count, rate: 1000, users: file };
  const { successful } = await sipp(callers, { ...run, keys: { contact } }).ended();
  // SIPp gives a call up at a repeated 401; such a user has the contact of the round before.
  if (successful < count * 0.99) console.error(`only ${successful} of ${count} users were registered`);
}

async function under(contestant: Contestant, load: Load): Promise<Figures> {
  const { scenario, rate, calls, transport = 'udp', isCall = false } = load;
  const callee = isCall
    ? new Sipp(callees, {
        scenario: 'callee',
        port: transport === 'udp' ? 5080 : 5081,
        transport,
        t1Ms: 500,
        timeoutMs: 120_000,
      })
    : undefined;
  if (isCall) await new Promise((resolve) => setTimeout(resolve, 300));
  const before = cpuNanoseconds(contestant.pid);
  const target = `${contestant.address}:5060`;
  const run: Omit<SippRun, 'port'> = {
    scenario,
    target,
    rate,
    calls,
    transport,
    users: file,
    holdMs: 200,
    keys: { contact: `${callees.address}:5080` },
  };
  const figures = await sipp(callers, run).ended();
  const spent = cpuNanoseconds(contestant.pid) - before;
  await callee?.stop();
  const what = `${isCall ? 'calls' : scenario}${transport === 'tcp' ? ', TCP' : ''}, ${rate}/s`;
  return {
    [`${what}|CPU µs each`]: spent / 1000 / figures.successful,
    [`${what}|failed`]: figures.failed,
    [`${what}|sent again`]: figures.retransmissions,
  };
}

/** Beside `latencyLoad`; the user who is called by the probe is the last one, who takes no part in the load. */
async function latency(contestant: Contestant): Promise<Figures> {
  const probed = users.at(-1)!;
  const target = `${contestant.address}:5060`;
  const keys = { contact: `${prober.address}:${probePort}` };
  const own = writeUsers(prober, [probed]);
  await sipp(prober, { scenario: 'register', target, calls: 1, rate: 10, users: own, keys }).ended();
  const { rate } = latencyLoad;
  const load = under(contestant, { scenario: 'caller', ...latencyLoad, isCall: true });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const seconds = latencyLoad.calls / rate - 4;
  const probe = [prober.address, `${probePort}`, target, `${probed.name}@${domain}`, `${probeRate}`];
  const told = await prober.mustRun(execPath, [
    '-C',
    'hubfarm-source',
    probeProgram,
    ...probe,
    `${probeRate * seconds}`,
  ]);
  const { p50, p99, calls } = JSON.parse(told) as {
    readonly p50: number;
    readonly p99: number;
    readonly calls: number;
  };
  await load;
  const what = `INVITE to the other end, ${rate} calls/s`;
  return { [`${what}|p50 µs`]: p50, [`${what}|p99 µs`]: p99, [`${what}|of them`]: calls };
}

async function measure(contestant: Contestant): Promise<Figures> {
  let figures: Figures = {};
  for (const name of cases) {
    if (name !== 'options' && name !== 'register') {
      // The last one is the probe's.
      await registerAll(contestant, name === 'calls-tcp' ? 'tcp' : 'udp', users.length - 1);
    }
    if (name === 'latency') figures = { ...figures, ...(await latency(contestant)) };
    for (const load of loads[name] ?? []) figures = { ...figures, ...(await under(contestant, load)) };
  }
  return { ...figures, 'memory afterwards|MB': proportionalMegabytes(contestant.pid) };
}

const goal = isPlain ? '<= 0.8' : '<= 0.5';

try {
  const hubfarm = new HubfarmServer(network.host('hubfarm'), { settings });
  await hubfarm.start();
  await provideAccounts(hubfarm, domain, users);
  const contestants: Contestant[] = [{ name: 'hubfarm', address: hubfarm.host.address, pid: hubfarm.pid }];
  if (env['BENCH_ONLY'] !== 'hubfarm') {
    const kamailio = new Kamailio(network.host('kamailio'));
    await kamailio.start(domain, users);
    contestants.push({ name: 'kamailio', address: kamailio.host.address, pid: kamailio.pid });
  }
  // Programs just started cost twice as much, and the compiler goes on for some ten thousand messages.
  for (let round = 0; round < warmRounds; round++) for (const contestant of contestants) await measure(contestant);
  await sideBySide({
    contestants,
    rounds,
    measure,
    peer: 'Kamailio 5.6',
    goals: {
      'register, 1000/s|CPU µs each': goal,
      'register, 2000/s|CPU µs each': goal,
      'calls, 600/s|CPU µs each': goal,
      'calls, 1000/s|CPU µs each': goal,
      'calls, TCP, 600/s|CPU µs each': goal,
      [`INVITE to the other end, ${latencyLoad.rate} calls/s|p99 µs`]: '<= 1',
    },
  });
} finally {
  network.remove();
}
