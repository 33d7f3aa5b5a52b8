import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until } from './command.ts';

/** The newest this much of what a program wrote is kept for error messages. */
const keptOutputChars = 64 * 1024;

/** Pids of the children of `pid`. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** False also for a process that has ended and only waits to be collected. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** User and system CPU time of a process, all threads, ended ones too. Resolution is one tick, 10 ms. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** As `residentBytes`, but what several processes share (the program itself) is divided among them: these may be added up. */
export function proportionalBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** A program that runs until the test ends it. */
export class RunningProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #what: string;
  #output = '';

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#what = `${program} ${args.join(' ')}`;
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-keptOutputChars);
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.#child.on('error', (error) => (this.#output += `\n${error.message}`));
    // Where the program is missing, no signal reaches anything.
    this.pid = this.#child.pid ?? 2 ** 30;
  }

  /** The newest of what it wrote, both streams in order of arrival. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  /** undefined while it runs, and when a signal ended it. */
  get exitCode(): number | undefined {
    return this.#child.exitCode ?? undefined;
  }

  /** Sends SIGTERM (or another) and waits for the end; SIGKILL and an error if that does not come in time. */
  async stop(timeoutMs = 10_000, name: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    signal(this.pid, name);
    try {
      await until(`the end of ${this.#what} after ${name}`, timeoutMs, () => this.hasEnded);
    } catch (error) {
      signal(this.pid, 'SIGKILL');
      throw new Error(`${(error as Error).message} It said: ${this.#output}`, { cause: error });
    }
  }

  /** Waits for its end, which comes by itself; SIGKILL and an error if not in time. */
  async ends(timeoutMs: number): Promise<void> {
    try {
      await until(`the end of ${this.#what}`, timeoutMs, () => this.hasEnded);
    } catch (error) {
      signal(this.pid, 'SIGKILL');
      throw new Error(`${(error as Error).message} It said: ${this.#output}`, { cause: error });
    }
  }

  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void> {
    return this.stop(10_000, 'SIGKILL');
  }

  /** Waits until `pattern` stands in the output; fails at once when the program ends first. */
  async says(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> {
    const ask = (): RegExpExecArray | undefined => {
      const found = pattern.exec(this.#output) ?? undefined;
      if (found === undefined && this.hasEnded) throw new Error(`${this.#what} ended: ${this.#output}`);
      return found;
    };
    return await until(`${String(pattern)} from ${this.#what}`, timeoutMs, ask, () => `It said: ${this.#output}`);
  }
}
