import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '#io';
import type { Metric, Sample } from './metrics.ts';

/** Resolution of the event loop's delay; each sample costs a timer. */
const delayResolutionMs = 20;

interface Measuring {
  readonly metrics: readonly Metric[];
  readonly stop: () => void;
}

/** The process as a whole, all its threads. */
export function processMetrics(clock: Clock, build: Readonly<Record<string, string>>): readonly Metric[] {
  const startedSeconds = clock.wallMs() / 1000;
  return [
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time of the process, all threads.',
      kind: 'counter',
      labels: ['mode'],
      collect: () => {
        const { user, system } = process.cpuUsage();
        return [sample({ mode: 'user' }, user / 1e6), sample({ mode: 'system' }, system / 1e6)];
      },
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Memory that the process holds.',
      kind: 'gauge',
      collect: () => process.memoryUsage.rss(),
    },
    {
      name: 'process_start_time_seconds',
      help: 'Start of the server, seconds since 1970.',
      kind: 'gauge',
      collect: () => startedSeconds,
    },
    {
      name: 'hubfarm_build_info',
      help: 'Always 1.',
      kind: 'gauge',
      labels: Object.keys(build),
      collect: () => [sample(build, 1)],
    },
  ];
}

/** One thread: its memory, and how long its event loop makes others wait. `stop` ends the measuring. */
export function loopMetrics(): Measuring {
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  const metrics: Metric[] = [
    {
      name: 'hubfarm_heap_bytes',
      help: 'Memory in use, by kind.',
      kind: 'gauge',
      labels: ['kind'],
      collect: () => {
        const { heapUsed, external, arrayBuffers } = process.memoryUsage();
        const kinds = { objects: heapUsed, external, buffers: arrayBuffers };
        return Object.entries(kinds).map(([kind, bytes]) => sample({ kind }, bytes));
      },
    },
    {
      name: 'hubfarm_event_loop_delay_seconds',
      help: 'How late the event loop came to its timers since the last scrape.',
      kind: 'gauge',
      labels: ['quantile'],
      collect: () => {
        const quantiles = { 0.5: delay.percentile(50), 0.99: delay.percentile(99), 1: delay.max };
        const samples = Object.entries(quantiles).map(([quantile, ns]) =>
          sample({ quantile }, delay.count === 0 ? 0 : ns / 1e9),
        );
        delay.reset();
        return samples;
      },
    },
  ];
  return { metrics, stop: () => void delay.disable() };
}

const sample = (labels: Readonly<Record<string, string>>, value: number): Sample => ({ labels, value });
