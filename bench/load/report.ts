import { memoryUsage } from 'node:process';
import type { LogIns } from './swarm.ts';

/** One line of JSON on standard output. */
export function report(kind: string, values: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ kind, ...values })}\n`);
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export function quantiles(sorted: ArrayLike<number>): Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>> {
  const at = (part: number): number =>
    rounded(sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** CPU time of this process since it was made: the load client must not be what is measured. */
export class CpuMeter {
  readonly #start = process.cpuUsage();
  readonly #startMs = performance.now();

  /** `busy` = share of one processor. */
  read(): { readonly seconds: number; readonly busy: number } {
    const { user, system } = process.cpuUsage(this.#start);
    const seconds = (user + system) / 1e6;
    return { seconds: rounded(seconds, 3), busy: rounded(seconds / ((performance.now() - this.#startMs) / 1000)) };
  }
}

export function logInReport(logIns: LogIns, cpuSeconds: number): Readonly<Record<string, unknown>> {
  const { up, failed, seconds, latenciesMs, failures, tls, places } = logIns;
  return {
    up,
    failed,
    seconds: rounded(seconds, 3),
    loginsPerSecond: rounded(up / seconds, 1),
    latencyMs: quantiles(latenciesMs),
    clientCpuMsPerLogin: rounded((cpuSeconds * 1000) / Math.max(up, 1), 3),
    clientRssBytes: memoryUsage.rss(),
    tls,
    places,
    ...(failed > 0 ? { failures } : {}),
  };
}
