import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { MemberBus, MemberId } from '#cluster';
import { quantile } from '../medians.ts';
import type { CpuClock, FarReport } from './far-member.ts';

export interface Figure {
  readonly what: string;
  readonly perSecond: number;
  /** Microseconds for each call or event. */
  readonly nearCpuUs: number;
  readonly farCpuUs: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

const BATCH = 256;
/** Sends stop while so much waits, as anybody's would who looks at the counters. */
const MAX_AHEAD = 2_048;

interface Work {
  readonly what: string;
  /** Does it for so long, and says how often. */
  readonly run: (untilMs: number) => Promise<{ readonly count: number; readonly samplesMs?: readonly number[] }>;
}

export class Bench {
  readonly #bus: MemberBus;
  readonly #to: MemberId;
  readonly #cpu: CpuClock;
  readonly #seconds: number;

  constructor(bus: MemberBus, to: MemberId, cpu: CpuClock, seconds: number) {
    this.#bus = bus;
    this.#to = to;
    this.#cpu = cpu;
    this.#seconds = seconds;
  }

  async all(): Promise<Figure[]> {
    await this.#ready();
    const figures: Figure[] = [];
    for (const size of [300, 4096]) {
      const body = { id: 1, kind: 'event', text: '' };
      // Out of a buffer, as text that came from somewhere is: `repeat` makes a rope, which is slow to serialise.
      body.text = Buffer.alloc(size - JSON.stringify(body).length, 'x').toString('latin1');
      const works: Work[] = [
        { what: `calls, one after the other, ${size} B`, run: (until) => this.#sequential(body, until) },
        { what: `calls, 64 at once, ${size} B`, run: (until) => this.#concurrent(body, until) },
        { what: `events, ${size} B`, run: (until) => this.#events(body, until) },
      ];
      for (const work of works) {
        // Once to warm up.
        await work.run(performance.now() + 300);
        figures.push(await this.#measure(work));
      }
    }
    return figures;
  }

  async #ready(): Promise<void> {
    for (let tries = 0; this.#bus.links().length === 0 && tries < 100; tries++) await pause(50);
  }

  async #measure({ what, run }: Work): Promise<Figure> {
    const before = await this.#report();
    const cpu = this.#cpu();
    const startedMs = performance.now();
    const { count, samplesMs } = await run(startedMs + this.#seconds * 1000);
    const elapsedMs = performance.now() - startedMs;
    const nearCpuUs = (this.#cpu() - cpu) / count;
    const after = await this.#report();
    return {
      what,
      perSecond: (count / elapsedMs) * 1000,
      nearCpuUs,
      farCpuUs: (after.cpuUs - before.cpuUs) / count,
      p50Ms: samplesMs && quantile(samplesMs, 0.5),
      p99Ms: samplesMs && quantile(samplesMs, 0.99),
    };
  }

  async #report(): Promise<FarReport> {
    return (await this.#bus.call(this.#to, 'bench/report', undefined)) as FarReport;
  }

  async #sequential(body: unknown, untilMs: number): Promise<{ count: number; samplesMs: number[] }> {
    const samplesMs: number[] = [];
    for (let now = performance.now(); now < untilMs;) {
      await this.#bus.call(this.#to, 'bench/echo', body);
      const then = performance.now();
      samplesMs.push(then - now);
      now = then;
    }
    return { count: samplesMs.length, samplesMs };
  }

  async #concurrent(body: unknown, untilMs: number): Promise<{ count: number; samplesMs: number[] }> {
    const workers = Array.from({ length: 64 }, () => this.#sequential(body, untilMs));
    const samplesMs = (await Promise.all(workers)).flatMap((worker) => worker.samplesMs);
    return { count: samplesMs.length, samplesMs };
  }

  /** Until the last one has arrived. */
  async #events(body: unknown, untilMs: number): Promise<{ count: number }> {
    const { events: before } = await this.#report();
    let count = 0;
    let arrived = 0;
    let asking: Promise<void> | undefined;
    const ask = async (): Promise<void> => {
      arrived = (await this.#report()).events - before;
      asking = undefined;
    };
    while (performance.now() < untilMs) {
      for (let n = 0; n < BATCH; n++) this.#bus.send(this.#to, 'bench/event', body);
      count += BATCH;
      if (count - arrived > MAX_AHEAD / 2) asking ??= ask();
      if (count - arrived > MAX_AHEAD) await asking;
      else await nextTurn();
    }
    await asking;
    while (arrived < count) await ask();
    return { count };
  }
}
