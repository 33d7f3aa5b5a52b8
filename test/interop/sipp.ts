import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './namespaces.ts';
import { signal, type RunningProcess } from './process.ts';

const scenarios = join(import.meta.dirname, 'sipp-scenarios');
/** How sipp names a transport: one socket for all calls. */
const modes = { udp: 'u1', tcp: 't1', tls: 't1' } as const;

export interface SippRun {
  /** A file of sipp-scenarios, without its ending. */
  readonly scenario: string;
  /** `10.77.0.1:5060`, `[fd77::1]:5060`; absent = it waits for calls. */
  readonly target?: string;
  /** Absent = the host's IPv4 address. */
  readonly address?: string;
  readonly port: number;
  /** Debian's knows no TLS: with `tls` it says so in its messages, and speaks TCP with a tunnel of the test. */
  readonly transport?: keyof typeof modes;
  /** As which it is known to others; absent: `port`. */
  readonly shownPort?: number;
  /** Absent = it goes on until it is stopped. */
  readonly calls?: number;
  /** New calls a second; 10 unless given. */
  readonly rate?: number;
  /** How long a `<pause/>` without a length takes. */
  readonly holdMs?: number;
  /** A file of `name;domain;…` lines, see `writeUsers`. */
  readonly users?: string;
  /** `[name]` in the scenario. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Anything else sipp takes. */
  readonly more?: readonly string[];
  readonly timeoutMs?: number;
  /**
   * After which SIPp sends what has no answer again; 4000 unless given: what is sent again then was lost, and not only late
   * on a busy machine. Telephones take 500 (RFC 3261 §17.1.1.1).
   */
  readonly t1Ms?: number;
}

export interface SippFigures {
  readonly created: number;
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
}

/** A SIPp of Debian's sip-tester, at work. */
export class Sipp {
  readonly #process: RunningProcess;
  readonly #statistics: string;
  readonly #errors: string;
  readonly #timeoutMs: number;

  constructor(host: Host, run: SippRun) {
    const { scenario, target, address = host.address, transport = 'udp', timeoutMs = 60_000 } = run;
    const name = join(host.folder, `${scenario}-${run.port}-${performance.now().toFixed(0)}`);
    this.#statistics = `${name}.csv`;
    this.#errors = `${name}.errors`;
    this.#timeoutMs = timeoutMs;
    let text = readFileSync(join(scenarios, `${scenario}.xml`), 'utf8');
    text = text.replaceAll('retrans="500"', `retrans="${run.t1Ms ?? 4000}"`);
    if (transport === 'tls') text = text.replaceAll('[transport]', 'TLS');
    if (run.shownPort !== undefined) text = text.replaceAll('[local_port]', `${run.shownPort}`);
    writeFileSync(`${name}.xml`, text);
    const args = [...(target === undefined ? [] : [target]), '-sf', `${name}.xml`];
    args.push('-i', address, '-p', `${run.port}`, '-mi', address, '-t', modes[transport], '-nostdin');
    args.push('-trace_stat', '-stf', this.#statistics, '-fd', '1', '-trace_err', '-error_file', this.#errors);
    args.push('-buff_size', '4194304', '-timeout', `${Math.ceil(timeoutMs / 1000)}s`, '-timeout_error');
    if (run.calls !== undefined) args.push('-m', `${run.calls}`);
    if (target !== undefined) args.push('-r', `${run.rate ?? 10}`, '-l', '10000', '-recv_timeout', '20000');
    if (run.holdMs !== undefined) args.push('-d', `${run.holdMs}`);
    if (run.users !== undefined) args.push('-inf', run.users);
    for (const [key, value] of Object.entries(run.keys ?? {})) args.push('-key', key, value);
    this.#process = host.start('sipp', [...args, ...(run.more ?? [])]);
  }

  /** Waits until it has made its calls. Never rejects for calls that failed: the figures say so. */
  async ended(): Promise<SippFigures> {
    await this.#process.ends(this.#timeoutMs + 10_000);
    return this.figures();
  }

  /** Makes no new calls, and waits until those that are up are over. */
  async finished(): Promise<SippFigures> {
    if (!this.#process.hasEnded) signal(this.#process.pid, 'SIGUSR1');
    await this.#process.ends(60_000);
    return this.figures();
  }

  /** As `ended`, and rejects with what sipp complained of unless every call went as its scenario says. */
  async succeeds(): Promise<SippFigures> {
    const figures = await this.ended();
    if (figures.failed === 0 && figures.successful > 0 && this.#process.exitCode === 0) return figures;
    throw new Error(`sipp: ${JSON.stringify(figures)}, exit code ${this.#process.exitCode}: ${this.complaints()}`);
  }

  /** Waits a moment for calls that are nearly over, and ends it. */
  async settled(graceMs = 5_000): Promise<SippFigures> {
    for (let waited = 0; !this.#process.hasEnded && waited < graceMs; waited += 50) await sleep(50);
    return this.stop();
  }

  /** Ends it, calls or not. */
  async stop(): Promise<SippFigures> {
    if (!this.#process.hasEnded) await this.#process.stop(10_000, 'SIGKILL');
    return this.figures();
  }

  /** As of its last statistics, one a second and one at the end. */
  figures(): SippFigures {
    const [names = [], ...rows] = read(this.#statistics)
      .trim()
      .split('\n')
      .map((line) => line.split(';'));
    const last = rows.at(-1) ?? [];
    const figure = (name: string): number => Number(last[names.indexOf(name)] ?? 0);
    return {
      created: figure('TotalCallCreated'),
      successful: figure('SuccessfulCall(C)'),
      failed: figure('FailedCall(C)'),
      retransmissions: figure('Retransmissions(C)'),
    };
  }

  complaints(): string {
    return `${this.#process.output.slice(-1500)}\n${read(this.#errors).slice(0, 3000)}`;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

export interface SipUser {
  readonly name: string;
  readonly domain: string;
  readonly password: string;
}

/** Numbered users, as many as asked for. */
export function sipUsers(count: number, domain: string): SipUser[] {
  return Array.from({ length: count }, (_, index) => {
    const number = `${index}`.padStart(6, '0');
    return { name: `u${number}`, domain, password: `word-${number}` };
  });
}

/** Writes a file for `users` of a run: each call takes the next line. */
export function writeUsers(host: Host, users: readonly SipUser[]): string {
  const file = join(host.folder, `users-${users.length}-${users[0]?.name ?? ''}.csv`);
  const lines = users.map(
    ({ name, domain, password }) => `${name};${domain};[authentication username=${name} password=${password}]`,
  );
  writeFileSync(file, `SEQUENTIAL\n${lines.join('\n')}\n`);
  return file;
}
