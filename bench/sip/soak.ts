/**
 * Registrations, calls, messages and subscriptions at once, for a quarter of an hour, and what the memory of each server does:
 *
 *     node -C hubfarm-source bench/sip/soak.ts [minutes] [share] [servers]      as root
 *
 * 15 minutes unless given; `share` 1 is the load below; `servers` 1, or 3 for a farm whose balancer hands each datagram to the
 * next of them. The first third is for warming up: flat is what grows by no more than a tenth after it; memory of engines is
 * shown, and not judged. Ends with 1 when the memory of any server was not flat, or more than one in a thousand went wrong
 * beside as many as were sent again, which a machine without enough CPU for both makes happen.
 */
import process, { argv } from 'node:process';
import { FarmServers } from '../../test/interop/farm-servers.ts';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { proportionalBytes } from '../../test/interop/process.ts';
import { provideAccounts } from '../../test/interop/sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippRun } from '../../test/interop/sipp.ts';
import { cpuNanoseconds, proportionalMegabytes } from './cpu-time.ts';

const minutes = Number(argv[2] ?? 15);
const share = Number(argv[3] ?? 1);
const isFarm = Number(argv[4] ?? 1) > 1;
const domain = 'farm.test';
const sampleS = 10;
const mostGrowth = 0.1;
const mostFailed = 0.001;
/** A second, of each kind. */
const load = { register: 200, caller: 100, writer: 50, watcher: 20 } as const;
type Kind = keyof typeof load;

/**
 * Where something is sent again, a second answer, INVITE or NOTIFY may come late. Telephones know them by branch and CSeq (RFC 3261
 * §17); SIPp takes them for what it waits for next, and would give up. What is missing still ends a call by its time.
 */
const patient = ['-default_behaviors', 'all,-abortunexp,-bye'];
const seconds = minutes * 60;
const users = sipUsers(5_000, domain);
const called = users.slice(0, 2_000);
const written = users.slice(2_000, 4_000);
const network = new Network();
const timeoutMs = (seconds + 120) * 1000;
let port = 6000;

function sipp(host: Host, run: Omit<SippRun, 'port'> & { readonly port?: number }): Sipp {
  port += 10;
  const media = ['-mp', `${port + 10_000}`];
  return new Sipp(host, { port, timeoutMs, t1Ms: 500, ...run, more: [...media, ...patient] });
}

/** What is asked, and where. */
interface Asked {
  readonly address: string;
  readonly servers: readonly HubfarmServer[];
}

async function start(): Promise<Asked> {
  const settings = ['sip.trusted=10.77.0.0/24'];
  if (isFarm) {
    const farm = new FarmServers((name) => network.host(name), settings);
    await farm.start();
    return farm;
  }
  const server = new HubfarmServer(network.host('hubfarm'), { settings });
  await server.start();
  return { address: server.host.address, servers: [server] };
}

/** Megabytes. */
interface Sample {
  readonly own: number;
  /** Of the processes below it: etcd, in a cluster. */
  readonly engine: number;
}

function sample({ pid }: HubfarmServer): Sample {
  const own = proportionalBytes(pid) / 2 ** 20;
  return { own, engine: proportionalMegabytes(pid) - own };
}

const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / Math.max(of.length, 1);

/** Megabytes in the first, second and last third of the time, and how much the last has more than the second. */
function thirds(samples: readonly number[]): { readonly mean: readonly number[]; readonly growth: number } {
  const third = samples.length / 3;
  const parts = [0, 1, 2].map((at) => mean(samples.slice(Math.floor(at * third), Math.floor((at + 1) * third))));
  return { mean: parts, growth: parts[2]! / parts[1]! - 1 };
}

try {
  const { address, servers } = await start();
  const [server] = servers as readonly [HubfarmServer];
  const [callers, callees] = [network.host('callers'), network.host('callees')];
  await provideAccounts(server, domain, users);
  const target = `${address}:5060`;
  const files = { called: writeUsers(callers, called), written: writeUsers(callers, written) };
  const contactOf = (at: number): Readonly<Record<string, string>> => ({ contact: `${callees.address}:${at}` });
  for (const [file, at, count] of [
    [files.called, 5080, called.length],
    [files.written, 5082, written.length],
  ] as const) {
    const run = { scenario: 'register', target, users: file, calls: count, rate: 500, keys: contactOf(at) };
    await sipp(callers, run).succeeds();
  }
  const answering = [
    sipp(callees, { scenario: 'callee', port: 5080 }),
    sipp(callees, { scenario: 'reader', port: 5082 }),
  ];
  const filesOf: Record<Kind, string> = {
    register: files.called,
    caller: files.called,
    writer: files.written,
    watcher: files.called,
  };
  const asking = (Object.keys(load) as Kind[]).map((scenario) => {
    const rate = Math.max(1, Math.round(load[scenario] * share));
    const keys = scenario === 'watcher' ? { event: 'presence' } : contactOf(5080);
    return sipp(callers, {
      ...{ scenario, target, rate, calls: rate * seconds, holdMs: 1_000, users: filesOf[scenario], keys },
    });
  });
  const samples: Sample[][] = [];
  const cpu = (): number[] => servers.map(({ pid }) => cpuNanoseconds(pid));
  const begunNs = cpu();
  const sampler = setInterval(() => {
    samples.push(servers.map(sample));
    const now = samples.at(-1)!.map(({ own, engine }) => `${own.toFixed(0)}${isFarm ? ` + ${engine.toFixed(0)}` : ''}`);
    process.stdout.write(`${samples.length * sampleS} s: ${now.join(', ')} MB\n`);
  }, sampleS * 1000);
  const results = await Promise.all(asking.map((one) => one.ended()));
  clearInterval(sampler);
  const cpuShares = cpu().map((ns, at) => (ns - begunNs[at]!) / 1e9 / seconds);
  for (const one of answering) await one.stop();
  for (const one of servers) process.stdout.write(`${await one.hubfarm('sip', 'status')}\n`);
  const created = results.reduce((sum, one) => sum + one.created, 0);
  const failed = results.reduce((sum, one) => sum + one.failed, 0);
  const wrong = results.reduce((sum, one) => sum + Math.max(0, one.failed - one.retransmissions), 0);
  for (const [at, kind] of (Object.keys(load) as Kind[]).entries()) {
    process.stdout.write(`${kind}: ${JSON.stringify(results[at])}\n`);
  }
  process.stdout.write(`${failed} of ${created} failed, ${wrong} of them without having been sent again\n`);
  const memories = servers.map((_, at) => thirds(samples.map((one) => one[at]!.own)));
  const engines = servers.map((_, at) => thirds(samples.map((one) => one[at]!.engine)));
  for (const [at, memory] of memories.entries()) {
    const megabytes = memory.mean.map((one) => one.toFixed(0)).join(', ');
    const growth = `${(memory.growth * 100).toFixed(1)} %`;
    const busy = `${(cpuShares[at]! * 100).toFixed(0)} % of a CPU`;
    const engine = isFarm ? `; its engine ${engines[at]!.mean.map((one) => one.toFixed(0)).join(', ')} MB` : '';
    process.stdout.write(`server ${at + 1}: in thirds ${megabytes} MB (${growth})${engine}; ${busy}\n`);
  }
  const isFlat = memories.every(({ growth }) => growth <= mostGrowth);
  process.exitCode = !isFlat || wrong > created * mostFailed ? 1 : 0;
} finally {
  network.remove();
}
