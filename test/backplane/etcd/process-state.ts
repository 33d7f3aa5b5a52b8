import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** proc(5): `R` running, `S` sleeping, `T` stopped, `Z` only its entry is left. undefined: not there. */
function stateOf(path: string): string | undefined {
  return existsSync(path) ? /\) (.)/.exec(readFileSync(path, 'latin1'))?.[1] : undefined;
}

export function isRunning(pid: number): boolean {
  const state = stateOf(`/proc/${pid}/stat`);
  return state !== undefined && state !== 'Z';
}

/** SIGSTOP takes effect thread by thread, a moment later: until then a process goes on answering. */
export async function stopped(pid: number): Promise<void> {
  const isStopped = (): boolean =>
    readdirSync(`/proc/${pid}/task`).every((thread) => stateOf(`/proc/${pid}/task/${thread}/stat`) === 'T');
  while (!isStopped()) await new Promise((resolve) => setImmediate(resolve));
}
