import { type ChildProcess, spawn } from 'node:child_process';
import { FairStopwatch } from '../io/node/fair-stopwatch.ts';

export interface CommandResult {
  /** Exit code; 128 + signal number is not used: `code` is -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Ended with SIGKILL after this long, and the call rejects. */
  readonly timeoutMs?: number;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Enough for an `iperf3 --json` of a minute; more would be a test gone wrong, and ends it. */
const maxOutputBytes = 16 * 1024 * 1024;

function collect(child: ChildProcess, stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

/** Runs a program to its end, with an empty (or the given) standard input. Rejects only if it cannot run or is too slow. */
export function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { timeoutMs = 60_000, input = '', env = {} } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const stdout = collect(child, child.stdout);
    const stderr = collect(child, child.stderr);
    const what = `${program} ${args.join(' ')}`;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    // A program that ended without reading its input is no error here.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`${what}: ${error.message}`, { cause: error }));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (isLate) reject(new Error(`${what}: not finished after ${timeoutMs} ms; so far: ${stdout()}${stderr()}`));
      else resolve({ code: code ?? -1, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** As `command`, and rejects with all that it said when its exit code is not 0. */
export async function mustRun(program: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await command(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit code ${code}: ${stdout}${stderr}`);
  return stdout;
}

/**
 * Asks until the answer is not undefined or false. Peers are other programs: nobody tells us when they are ready.
 * `what` completes the sentence "waited 20 s for …"; `why` is asked for the error's end.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => T | Promise<T>,
  why: () => string | Promise<string> = () => '',
): Promise<Exclude<T, undefined | false>> {
  const waited = new FairStopwatch();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (waited.ms > timeoutMs) throw new Error(`waited ${timeoutMs / 1000} s for ${what}. ${await why()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
