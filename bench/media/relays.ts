/**
 * What relaying RTP costs: hubfarm's relay (nftables; one epoll; the runtime's sockets) beside rtpengine in user space, in turn,
 * between hosts in network namespaces. CPU of all processes of a relay, by the scheduler; softirq is not in it. Needs root, gcc,
 * nft, rtpengine (Debian: rtpengine-daemon). `npm run bench bench/media/relays.ts [rounds] [seconds] [calls] [ways]`, ways of
 * rtpengine, kernel, epoll, at-once, plain, with commas between.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Host, Network } from '../../test/interop/namespaces.ts';
import { missingPeers } from '../../test/interop/peers.ts';
import type { RunningProcess } from '../../test/interop/process.ts';
import { comparisonTable, type Comparison } from '../medians.ts';
import { cpuNanoseconds } from '../sip/cpu-time.ts';

const [rounds = 3, seconds = 6, calls = 250] = process.argv.slice(2, 5).map(Number);
const ways = process.argv[5]?.split(',') ?? ['rtpengine', 'kernel', 'epoll', 'plain'];
const controlPort = 2223;

interface End {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
}

interface Measured {
  readonly cpu: number;
  readonly lost: number;
  readonly p50: number;
  readonly p99: number;
}

const missing = missingPeers(ways.includes('rtpengine') ? ['nft', 'ip', 'rtpengine'] : ['nft', 'ip']);
if (missing.length > 0) {
  console.error(`not measured, it needs ${missing.join(', ')}`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'hubfarm-media-'));
const load = join(folder, 'rtp-load');
const compiled = spawnSync('gcc', ['-O2', '-pthread', '-o', load, join(import.meta.dirname, 'rtp-load.c')]);
if (compiled.status !== 0) throw new Error(`gcc: ${compiled.error?.message ?? compiled.stderr.toString()}`);
const network = new Network();
const [relay, a, b] = [network.host('relay'), network.host('a'), network.host('b')];
await relay.mustRun('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.send_redirects=0']);

const own = (name: string, ...args: string[]): string[] => [
  ...['-C', 'hubfarm-source', join(import.meta.dirname, `${name}.ts`)],
  ...args,
];

async function startRtpengine(): Promise<RunningProcess> {
  const started = relay.start('rtpengine', [
    ...['--foreground', '--log-stderr', '-L', '3', '--table=-1', '--config-file=none', '--num-threads=2'],
    ...[`--interface=${relay.address}`, `--listen-ng=127.0.0.1:${controlPort}`, '-m', '30000', '-M', '50000'],
  ]);
  await relay.receives('udp', controlPort);
  const text = await relay.mustRun(
    process.execPath,
    own('rtpengine-calls', `${controlPort}`, `${calls}`, a.address, b.address),
  );
  writePorts(JSON.parse(text) as Readonly<Record<'a' | 'b', readonly string[]>>);
  return started;
}

async function startOwn(way: string): Promise<RunningProcess> {
  const args = own('relay-host', way, `${calls}`, relay.address, a.address, b.address);
  const started = relay.start(process.execPath, args);
  await started.says(/^ready$/m);
  const ports = (first: number): string[] => Array.from({ length: calls }, (_, i) => `${first + 2 * i}`);
  writePorts({ a: ports(30_000), b: ports(40_000) });
  return started;
}

function writePorts(ports: Readonly<Record<'a' | 'b', readonly string[]>>): void {
  for (const end of ['a', 'b'] as const) writeFileSync(join(folder, end), ports[end].join('\n'));
}

/** Both ends speak for so long. */
async function speak(lastS: number): Promise<readonly End[]> {
  const end = async (host: Host, name: string): Promise<End> => {
    const args = [host.address, '20000', relay.address, join(folder, name), `${calls}`, `${lastS}`];
    return JSON.parse(await host.mustRun(load, args)) as End;
  };
  return Promise.all([end(a, 'a'), end(b, 'b')]);
}

async function measure(way: string): Promise<Measured> {
  const started = await (way === 'rtpengine' ? startRtpengine() : startOwn(way));
  try {
    // Parties are found, the kernel takes over, code is compiled.
    await speak(3);
    const before = cpuNanoseconds(started.pid);
    const ends = await speak(seconds);
    const cpu = cpuNanoseconds(started.pid) - before;
    const received = ends.reduce((sum, one) => sum + one.received, 0);
    const lost = ends.reduce((sum, one) => sum + one.lost, 0);
    const [p50, p99] = [Math.max(...ends.map((one) => one.p50)), Math.max(...ends.map((one) => one.p99))];
    return { cpu: cpu / 1000 / Math.max(received, 1), lost, p50, p99 };
  } finally {
    await started.stop();
  }
}

const results = new Map<string, Measured[]>(ways.map((way) => [way, []]));
try {
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) {
      const measured = await measure(way);
      results.get(way)?.push(measured);
      const { cpu, lost, p50, p99 } = measured;
      console.log(`${way}: ${cpu.toFixed(2)} µs a packet, ${lost} lost, delay ${p50} / ${p99} µs (p50 / p99)`);
    }
  }
} finally {
  network.remove();
  rmSync(folder, { recursive: true, force: true });
}

const of = (way: string, what: keyof Measured): number[] => (results.get(way) ?? []).map((one) => one[what]);
const goals: Readonly<Record<string, string>> = { kernel: '<= 0.2', epoll: '<= 0.8' };
const rows = ways
  .filter((way) => way !== 'rtpengine')
  .flatMap((way): Comparison[] => [
    {
      figure: `${way}: CPU`,
      unit: 'µs a packet',
      ours: of(way, 'cpu'),
      peers: of('rtpengine', 'cpu'),
      ...(goals[way] === undefined ? {} : { goal: goals[way] }),
    },
    { figure: `${way}: delay p50`, unit: 'µs', ours: of(way, 'p50'), peers: of('rtpengine', 'p50') },
    { figure: `${way}: delay p99`, unit: 'µs', ours: of(way, 'p99'), peers: of('rtpengine', 'p99') },
    { figure: `${way}: lost`, unit: 'packets', ours: of(way, 'lost'), peers: of('rtpengine', 'lost') },
  ]);
console.log(`\n${2 * calls} streams of 50 packets a second, ${seconds} s, ${rounds} rounds\n`);
if (ways.includes('rtpengine')) console.log(comparisonTable('rtpengine', rows));
