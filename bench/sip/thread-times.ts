import { readdirSync, readFileSync } from 'node:fs';

export interface ThreadTime {
  readonly id: string;
  readonly name: string;
  /** On a CPU. */
  readonly nanoseconds: number;
  /** How often it went to sleep by itself. */
  readonly wakeUps: number;
}

/** All threads of a process as they are now. */
export function threadTimes(pid: number): ThreadTime[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((id) => {
    try {
      const folder = `/proc/${pid}/task/${id}`;
      const status = readFileSync(`${folder}/status`, 'utf8');
      return [
        {
          id,
          name: /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '',
          nanoseconds: Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ', 1)[0]),
          wakeUps: Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]),
        },
      ];
    } catch {
      return [];
    }
  });
}
