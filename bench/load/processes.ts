import { fork, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import type { LoadOptions } from './options.ts';
import { logInReport, report } from './report.ts';
import type { LogIns } from './swarm.ts';

/** What a process that runs a part of the sessions tells the one that started it. */
export type PartMessage =
  | { readonly kind: 'up'; readonly logIns: LogIns; readonly cpuSeconds: number }
  | { readonly kind: 'held'; readonly up: number; readonly lost: number; readonly frames: number };

const program = resolve(import.meta.dirname, '../load-client.ts');

export const isPart = (): boolean => process.send !== undefined;

export function sendPart(message: PartMessage): void {
  process.send?.(message);
}

/** Runs the log-ins in several processes at once, and adds up what they say. */
export async function runParts(options: LoadOptions): Promise<boolean> {
  const { processes, sessions, concurrency } = options;
  const share = (whole: number, index: number): number =>
    Math.floor(whole / processes) + (index < whole % processes ? 1 : 0);
  const startedMs = performance.now();
  const parts = Array.from(
    { length: processes },
    (_, index) => new Part(share(sessions, index), Math.max(share(concurrency, index), 1)),
  );
  const ups = await Promise.all(parts.map((part) => part.up.promise));
  const seconds = Math.max(...ups.map(({ logIns }) => logIns.seconds));
  const sum = (of: (up: (typeof ups)[number]) => number): number => ups.reduce((total, up) => total + of(up), 0);
  const logIns: LogIns = {
    up: sum((up) => up.logIns.up),
    failed: sum((up) => up.logIns.failed),
    seconds,
    latenciesMs: ups.flatMap((up) => up.logIns.latenciesMs).sort((a, b) => a - b),
    failures: addUp(ups.map((up) => up.logIns.failures)),
    tls: ups[0]?.logIns.tls ?? '',
    places: addUp(ups.map((up) => up.logIns.places)),
  };
  const values = {
    processes,
    ...logInReport(
      logIns,
      sum((up) => up.cpuSeconds),
    ),
  };
  report('up', values);
  const helds = await Promise.all(parts.map((part) => part.held.promise));
  const up = helds.reduce((total, held) => total + held.up, 0);
  const lost = helds.reduce((total, held) => total + held.lost, 0);
  const framesReceived = helds.reduce((total, held) => total + held.frames, 0);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  report('login', { ...values, held: { seconds: options.holdSeconds, up, lost }, framesReceived, tookSeconds });
  return logIns.failed === 0 && lost === 0;
}

function addUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [what, count] of Object.entries(counts)) sums[what] = (sums[what] ?? 0) + count;
  }
  return sums;
}

type Up = Extract<PartMessage, { kind: 'up' }>;
type Held = Extract<PartMessage, { kind: 'held' }>;

class Part {
  readonly up = Promise.withResolvers<Up>();
  readonly held = Promise.withResolvers<Held>();

  constructor(sessions: number, concurrency: number) {
    // of equal options the last one counts
    const words = ['--sessions', `${sessions}`, '--concurrency', `${concurrency}`];
    const child: ChildProcess = fork(program, [...process.argv.slice(2), ...words]);
    child.on('message', (message) => {
      const part = message as PartMessage;
      if (part.kind === 'up') this.up.resolve(part);
      else this.held.resolve(part);
    });
    child.on('exit', (code) => {
      const ended = new Error(`a part of the load client ended early, with exit code ${code ?? 'none'}`);
      this.up.reject(ended);
      this.held.reject(ended);
    });
    this.held.promise.catch(() => undefined);
  }
}
