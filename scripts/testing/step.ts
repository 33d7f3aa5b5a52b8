import { spawn, type SpawnOptions } from 'node:child_process';
import { surroundings } from './surroundings.ts';
import type { Counts } from './vitest-report.ts';

export interface Tally extends Counts {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Runs a program with its output on ours. Returns its exit code; 124 when it was ended after `timeoutMs`, together with
 * all that it had started (its process group).
 */
export function run(command: string, args: readonly string[], timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const env = surroundings(process.env);
    const options: SpawnOptions = { stdio: ['ignore', 'inherit', 'inherit'], detached: true, env };
    const child = spawn(command, args, options);
    const end = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // The group is gone already.
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      console.log(`${command}: not finished after ${timeoutMs / 1000} s, ending it`);
      end('SIGTERM');
      setTimeout(() => end('SIGKILL'), 10_000).unref();
    }, timeoutMs);
    const forward = (signal: NodeJS.Signals): void => end(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    const finish = (): void => {
      clearTimeout(timer);
      process.off('SIGINT', forward).off('SIGTERM', forward);
    };
    child.on('error', (error) => {
      finish();
      reject(error);
    });
    child.on('exit', (code) => {
      finish();
      resolve(isLate ? 124 : (code ?? 1));
    });
  });
}

/** A step that is one check: it counts as one. */
export async function checkStep(name: string, command: string, args: readonly string[]): Promise<Tally> {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const isGood = (await run(command, args, 10 * 60_000)) === 0;
  const seconds = (performance.now() - started) / 1000;
  const failures = isGood ? [] : [name];
  return { name, passed: isGood ? 1 : 0, failed: failures.length, failures, seconds, notRun: [] };
}
