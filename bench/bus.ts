/**
 * Calls and events between two members: over TLS between two processes, and over a channel between two threads.
 *   node -C hubfarm-source bench/bus.ts [seconds for each figure]
 * CPU is user and system time, of the whole process where there are two, else of the thread.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ThreadLinks } from '#cluster';
import { createNodeIo } from '#io/node';
import { processCpu, threadCpu } from './bus/far-member.ts';
import { Bench, type Figure } from './bus/figures.ts';
import { identitiesOf, startBus, tlsLinks } from './bus/members.ts';

const seconds = Number(process.argv[2] ?? 2);
const io = createNodeIo();

async function overTls(): Promise<Figure[]> {
  const [near, far] = await identitiesOf(['a', 'b']);
  const child = fork(join(import.meta.dirname, 'bus/far-process.ts'), { execArgv: ['-C', 'hubfarm-source'] });
  child.send(far!);
  const [port] = (await once(child, 'message')) as [number];
  const peer = { member: 'b/0', boot: 'boot-of-b/0', busAddress: `127.0.0.1:${port}` } as const;
  const bus = await startBus(io, 'a/0', [tlsLinks(io, near!)], [peer]);
  const figures = await new Bench(bus, 'b/0', processCpu, seconds).all();
  await bus.stop();
  child.disconnect();
  return figures;
}

async function betweenThreads(): Promise<Figure[]> {
  const thread = io.threads.start(new URL('./bus/far-thread.ts', import.meta.url), undefined, {
    message: () => undefined,
    ended: (error) => error && console.error(error),
  });
  const links = new ThreadLinks('a', {
    connect: () => {
      const [mine, other] = io.threads.channel();
      thread.post('a line', [other]);
      return Promise.resolve(mine);
    },
    onLine: () => undefined,
  });
  const bus = await startBus(io, 'a/0', [links], [{ member: 'a/1', boot: 'boot-of-a/1', busAddress: '' }]);
  const figures = await new Bench(bus, 'a/1', threadCpu, seconds).all();
  await bus.stop();
  thread.terminate();
  return figures;
}

function print(title: string, figures: readonly Figure[]): void {
  const number = (value: number | undefined, digits: number): string => (value?.toFixed(digits) ?? '').padStart(9);
  console.log(`${title.padEnd(36)}       /s  µs near   µs far    p50 ms    p99 ms`);
  for (const { what, perSecond, nearCpuUs, farCpuUs, p50Ms, p99Ms } of figures) {
    const rate = Math.round(perSecond).toLocaleString('en').padStart(9);
    console.log(
      `  ${what.padEnd(34)}${rate}${number(nearCpuUs, 2)}${number(farCpuUs, 2)}${number(p50Ms, 3)} ${number(p99Ms, 3)}`,
    );
  }
}

print('over TLS, two processes', await overTls());
print('over a channel, two threads', await betweenThreads());
