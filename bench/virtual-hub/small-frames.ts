/**
 * What a small frame costs the server, at hubfarm and at Debian's vpnserver in turn; senders and receivers are our load client:
 *
 *     node -C hubfarm-source bench/virtual-hub/small-frames.ts [rounds] [seconds]      as root
 *
 * Frames of 64 bytes at steady rates, which both servers carry, and floods, of which both lose most: there the CPU is divided
 * once by the frames that arrived and once by those that were sent, since looking at a frame and dropping it costs too.
 */
import { argv } from 'node:process';
import { Network, type Host } from '../../test/interop/namespaces.ts';
import { cpuSeconds } from '../../test/interop/process.ts';
import { LoadRun } from '../load/run-load.ts';
import { sideBySide, type Figures } from '../side-by-side.ts';
import { account, peerName, startContestants, type Contestant } from './contestants.ts';

const rounds = Number(argv[2] ?? 3);
const seconds = Number(argv[3] ?? 3);

/** The result lines of `flood` and `pace`, as far as they are used here. */
interface Result {
  readonly sentFrames: number;
  readonly receivedFrames: number;
  readonly receivedFramesPerSecond: number;
  readonly lostShare: number;
  readonly latencyMs: Readonly<Record<'p50' | 'p99', number>>;
}

async function run(contestant: Contestant, host: Host, ...words: string[]): Promise<{ result: Result; cpu: number }> {
  const { hub, user, password } = account;
  const [command = ''] = words;
  const login = ['--server', `${contestant.host.address}:443`, '--hub', hub, '--user', user, '--password', password];
  const load = new LoadRun(host, [...words, ...login, '--size', '64', '--seconds', `${seconds}`]);
  await load.up();
  const before = cpuSeconds(contestant.pid());
  const result = await load.line<Result>(command);
  const cpu = cpuSeconds(contestant.pid()) - before;
  await load.ended();
  return { result, cpu };
}

/** Both servers carry these without loss; the rate decides how many frames come in a block. */
const rates = [2_000, 20_000, 100_000];

async function measure(contestant: Contestant, host: Host): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const rate of rates) {
    const { result, cpu } = await run(contestant, host, 'pace', '--rate', `${rate}`);
    figures[`${rate}/s, server|CPU us/frame`] = (cpu * 1e6) / result.receivedFrames;
    figures[`${rate}/s, p50|ms`] = result.latencyMs.p50;
    figures[`${rate}/s, p99|ms`] = result.latencyMs.p99;
    figures[`${rate}/s, received|share`] = 1 - result.lostShare;
  }
  const floods = { '1 to 1': [], '2 to 8': ['--senders', '2', '--receivers', '8', '--batch', '16'] };
  for (const [name, words] of Object.entries(floods)) {
    const { result, cpu } = await run(contestant, host, 'flood', ...words);
    figures[`flood ${name}|frames/s received`] = result.receivedFramesPerSecond;
    figures[`flood ${name}, server|CPU us/frame received`] = (cpu * 1e6) / result.receivedFrames;
    figures[`flood ${name}, server|CPU us/frame sent`] = (cpu * 1e6) / result.sentFrames;
  }
  return figures;
}

const network = new Network();
try {
  const contestants = await startContestants(network);
  const host = network.host('load');
  for (const contestant of contestants) await run(contestant, host, 'flood');
  await sideBySide({
    contestants,
    rounds,
    measure: (contestant) => measure(contestant, host),
    goals: {
      '100000/s, server|CPU us/frame': '<= 0.5',
      'flood 1 to 1, server|CPU us/frame received': '<= 0.5',
      'flood 2 to 8, server|CPU us/frame received': '<= 0.5',
    },
    peer: peerName,
  });
} finally {
  network.remove();
}
