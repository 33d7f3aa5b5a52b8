import { readdirSync, readFileSync } from 'node:fs';
import { childrenOf } from '../../test/interop/process.ts';

/** Of a process and all below it, the process first. */
function family(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(family)];
}

/** Nanoseconds that all threads of a process and its descendants were on a CPU; exact, where `cpuSeconds` counts ticks. */
export function cpuNanoseconds(pid: number): number {
  return family(pid)
    .flatMap((one) => threadsOf(one).map((thread) => `/proc/${one}/task/${thread}/schedstat`))
    .reduce((total, file) => total + onCpu(file), 0);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function onCpu(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ', 1)[0]);
  } catch {
    return 0;
  }
}

/** Megabytes of a process and its descendants, shared pages counted in parts. */
export function proportionalMegabytes(pid: number): number {
  const kilobytes = family(pid).map((one) => {
    try {
      return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  });
  return kilobytes.reduce((total, one) => total + one, 0) / 1024;
}
