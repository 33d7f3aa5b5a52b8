import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { childrenOf } from '../../test/interop/process.ts';

/** Of a process and all below it, the process first. */
export function family(pid: number): number[] {
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

export interface ProcessMemory {
  readonly name: string;
  readonly residentMb: number;
  /** Shared pages counted in parts. */
  readonly proportionalMb: number;
  /** What would be free if it ended. */
  readonly ownMb: number;
}

export function memoryOf(pid: number): ProcessMemory {
  const mappings = textOf(`/proc/${pid}/smaps_rollup`);
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(mappings)?.[1] ?? 0) / 1024;
  return {
    name: basename(textOf(`/proc/${pid}/cmdline`).split('\0', 1)[0] ?? ''),
    residentMb: megabytes('Rss'),
    proportionalMb: megabytes('Pss'),
    ownMb: megabytes('Private_Dirty') + megabytes('Private_Clean'),
  };
}

/** Empty when the process has ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Megabytes of a process and its descendants, shared pages counted in parts. */
export function proportionalMegabytes(pid: number): number {
  return family(pid).reduce((total, one) => total + memoryOf(one).proportionalMb, 0);
}
