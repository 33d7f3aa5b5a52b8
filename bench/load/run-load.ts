import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { until } from '../../test/interop/command.ts';
import type { Host } from '../../test/interop/namespaces.ts';
import type { RunningProcess } from '../../test/interop/process.ts';

const program = resolve(import.meta.dirname, '../load-client.ts');

/** A load client has memory enough, and no time for collecting garbage. */
const runtimeFlags = [
  '--max-semi-space-size=32',
  '--initial-heap-size=1024',
  '--external-memory-accounted-in-global-limit',
];

/** The line that a load client writes when all its sessions are up. */
export interface UpLine {
  readonly kind: 'up';
  readonly up: number;
  readonly failed: number;
  readonly seconds: number;
  readonly loginsPerSecond: number;
  readonly latencyMs: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>>;
  readonly clientCpuMsPerLogin: number;
  readonly tls: string;
  /** Sessions at each address and port. */
  readonly places: Readonly<Record<string, number>>;
  readonly failures?: Readonly<Record<string, number>>;
}

/** A load client on its own host. */
export class LoadRun {
  readonly #process: RunningProcess;
  readonly #timeoutMs: number;

  constructor(host: Host, words: readonly string[], timeoutMs = 110_000) {
    this.#timeoutMs = timeoutMs;
    this.#process = host.start(execPath, [...runtimeFlags, '--conditions=hubfarm-source', program, ...words]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** All its sessions are up. Rejects when one is not. */
  async up(): Promise<UpLine> {
    const line = await this.line<UpLine>('up');
    if (line.failed > 0) throw new Error(`${line.failed} log-ins failed: ${JSON.stringify(line.failures)}`);
    return line;
  }

  /** Its next line of this kind, as soon as it is there. */
  async line<T>(kind: string): Promise<T> {
    const found = await this.#process.says(new RegExp(`^\\{"kind":"${kind}".*\\}$`, 'm'), this.#timeoutMs);
    return JSON.parse(found[0]) as T;
  }

  /** Waits until it has ended its sessions in order, and itself. */
  async ended(): Promise<void> {
    await until('the end of the load client', this.#timeoutMs, () => this.#process.hasEnded);
  }

  /** Ends it where it is; its sessions break off. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }
}
