import type { HeapProfiler } from 'node:inspector';
import type { Session } from 'node:inspector/promises';

const intervalBytes = 2048;
const shown = 60;

/** Bytes for each operation by the function that allocates them, the collected ones too; largest first. */
export async function allocationSites(session: Session, operations: number, run: () => void): Promise<string> {
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: intervalBytes,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  run();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  const bytes = new Map<string, number>();
  add(profile.head, bytes);
  const total = [...bytes.values()].reduce((sum, one) => sum + one, 0);
  const lines = [...bytes]
    .sort((a, b) => b[1] - a[1])
    .slice(0, shown)
    .map(([name, size]) => `${(size / operations).toFixed(0).padStart(8)} B  ${name}`);
  return [`${(total / operations).toFixed(0)} B each`, ...lines].join('\n');
}

function add(node: HeapProfiler.SamplingHeapProfileNode, bytes: Map<string, number>): void {
  const { functionName, url, lineNumber } = node.callFrame;
  const name = `${functionName === '' ? '(anonymous)' : functionName} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
  if (node.selfSize > 0) bytes.set(name, (bytes.get(name) ?? 0) + node.selfSize);
  for (const child of node.children) add(child, bytes);
}
