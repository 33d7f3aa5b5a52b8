import type { MemberBus } from '#cluster';

/** CPU so far, in microseconds, of whatever this member runs in. */
export type CpuClock = () => number;

export interface FarReport {
  readonly events: number;
  readonly cpuUs: number;
}

/** The member that is called. */
export function serveBench(bus: MemberBus, cpu: CpuClock): void {
  let events = 0;
  bus.serve('bench/echo', (body) => body);
  bus.serve('bench/event', () => {
    events++;
  });
  bus.serve('bench/report', (): FarReport => ({ events, cpuUs: cpu() }));
}

export const processCpu: CpuClock = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

export const threadCpu: CpuClock = () => {
  const { user, system } = process.threadCpuUsage();
  return user + system;
};
