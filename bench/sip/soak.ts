/**
 * Registrations, calls, messages and subscriptions at once, for a quarter of an hour, and what the server's memory does:
 *
 *     node -C hubfarm-source bench/sip/soak.ts [minutes] [share]      as root
 *
 * 15 minutes unless given; `share` 1 is the load below. The first third is for warming up: flat is what grows by no more than
 * a tenth after it. Ends with 1 when memory was not flat, or more than one in a thousand went wrong beside those that SIPp gives
 * up since something was sent twice, which a machine without enough CPU for both makes happen.
 */
import process, { argv } from 'node:process';
import { HubfarmServer } from '../../test/interop/hubfarm-server.ts';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { provideAccounts } from '../../test/interop/sip-server.ts';
import { Sipp, sipUsers, writeUsers, type SippRun } from '../../test/interop/sipp.ts';
import { cpuNanoseconds, proportionalMegabytes } from './cpu-time.ts';

const minutes = Number(argv[2] ?? 15);
const share = Number(argv[3] ?? 1);
const domain = 'farm.test';
const sampleS = 10;
const mostGrowth = 0.1;
const mostFailed = 0.001;
/** A second, of each kind. */
const load = { register: 200, caller: 100, writer: 50, watcher: 20 } as const;
type Kind = keyof typeof load;

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
  return new Sipp(host, { port, timeoutMs, t1Ms: 500, ...run, more: media });
}

try {
  const server = new HubfarmServer(network.host('hubfarm'), { settings: ['sip.trusted=10.77.0.0/24'] });
  const [callers, callees] = [network.host('callers'), network.host('callees')];
  await server.start();
  await provideAccounts(server, domain, users);
  const target = `${server.host.address}:5060`;
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
  const samples: number[] = [];
  const begunNs = cpuNanoseconds(server.pid);
  const sampler = setInterval(() => {
    samples.push(proportionalMegabytes(server.pid));
    process.stdout.write(`${samples.length * sampleS} s: ${samples.at(-1)!.toFixed(0)} MB\n`);
  }, sampleS * 1000);
  const results = await Promise.all(asking.map((one) => one.ended()));
  clearInterval(sampler);
  const cpuShare = (cpuNanoseconds(server.pid) - begunNs) / 1e9 / seconds;
  for (const one of answering) await one.stop();
  const status = await server.hubfarm('sip', 'status');
  const warm = samples.slice(Math.floor(samples.length / 3));
  const middle = Math.ceil(warm.length / 2);
  const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / Math.max(of.length, 1);
  const growth = mean(warm.slice(middle)) / mean(warm.slice(0, middle)) - 1;
  const created = results.reduce((sum, one) => sum + one.created, 0);
  const failed = results.reduce((sum, one) => sum + one.failed, 0);
  const wrong = results.reduce((sum, one) => sum + Math.max(0, one.failed - one.retransmissions), 0);
  process.stdout.write(`${status}\n`);
  for (const [at, kind] of (Object.keys(load) as Kind[]).entries()) {
    process.stdout.write(`${kind}: ${JSON.stringify(results[at])}\n`);
  }
  process.stdout.write(
    `memory ${mean(warm.slice(0, middle)).toFixed(0)} MB, then ${mean(warm.slice(middle)).toFixed(0)} MB (${(growth * 100).toFixed(1)} %); ${(cpuShare * 100).toFixed(0)} % of a CPU; ${failed} of ${created} failed, ${wrong} of them without having been sent again\n`,
  );
  process.exitCode = growth > mostGrowth || wrong > created * mostFailed ? 1 : 0;
} finally {
  network.remove();
}
