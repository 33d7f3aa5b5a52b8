/**
 * What a small frame costs the server, at hubfarm and at Debian's vpnserver in turn; senders and receivers are our load client:
 *
 *     node -C hubfarm-source bench/virtual-hub/small-frames.ts [rounds] [seconds]      as root
 *
 * CPU is divided by the frames that arrived: a hub that loses most of a flood has forwarded cheaply what it forwarded, so look
 * at the share of lost frames too. `paced` frames come one by one, so each costs a wake-up.
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

async function measure(contestant: Contestant, host: Host): Promise<Figures> {
  const flood = await run(contestant, host, 'flood');
  const spread = await run(contestant, host, 'flood', '--senders', '2', '--receivers', '8', '--batch', '16');
  const paced = await run(contestant, host, 'pace', '--rate', '2000');
  const perFrame = ({ result, cpu }: typeof flood): number => (cpu * 1e6) / result.receivedFrames;
  return {
    '64 B flood, 1 to 1|frames/s received': flood.result.receivedFramesPerSecond,
    '64 B flood, 1 to 1, lost|share': flood.result.lostShare,
    '64 B flood, 1 to 1, server|CPU us/frame': perFrame(flood),
    '64 B flood, 2 to 8 in blocks of 16|frames/s received': spread.result.receivedFramesPerSecond,
    '64 B flood, 2 to 8 in blocks of 16, server|CPU us/frame': perFrame(spread),
    '64 B at 2000/s, server|CPU us/frame': perFrame(paced),
    '64 B at 2000/s, p50|ms': paced.result.latencyMs.p50,
    '64 B at 2000/s, p99|ms': paced.result.latencyMs.p99,
  };
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
      '64 B flood, 1 to 1, server|CPU us/frame': '<= 0.5',
      '64 B flood, 2 to 8 in blocks of 16, server|CPU us/frame': '<= 0.5',
    },
    peer: peerName,
  });
} finally {
  network.remove();
}
