import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

/** What `--cpu-prof` writes; times in microseconds of the monotonic clock. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
}

const shown = 45;

/** One text for each thread that wrote a profile: its functions by their own time between the two moments. */
export function readProfiles(folder: string, startedUs: number, endedUs: number, operations: number): string[] {
  return readdirSync(folder)
    .map((name) => ownTimes(JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile, startedUs, endedUs))
    .filter((times) => times.size > 0)
    .map((times) => tableOf(times, operations));
}

function ownTimes(profile: CpuProfile, startedUs: number, endedUs: number): Map<string, number> {
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
  const times = new Map<string, number>();
  let atUs = profile.startTime;
  profile.samples.forEach((id, index) => {
    atUs += profile.timeDeltas[index] ?? 0;
    if (atUs < startedUs || atUs > endedUs) return;
    const name = names.get(id) ?? '';
    // A sample stands for the time until the next one.
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[index + 1] ?? 0));
  });
  return times;
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.split('/').slice(-2).join('/');
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` ${file}:${lineNumber + 1}`}`;
}

function tableOf(times: ReadonlyMap<string, number>, operations: number): string {
  const busy = [...times].filter(([name]) => name !== '(idle)').sort((a, b) => b[1] - a[1]);
  const total = busy.reduce((sum, [, us]) => sum + us, 0);
  const line = ([name, us]: readonly [string, number]): string =>
    `${(us / operations).toFixed(2).padStart(8)} us ${((us / total) * 100).toFixed(1).padStart(5)} %  ${name}`;
  return [`a thread, ${(total / operations).toFixed(1)} us each:`, ...busy.slice(0, shown).map(line)].join('\n');
}
