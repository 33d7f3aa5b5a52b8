import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { until, type CommandResult } from './command.ts';
import type { Host } from './namespaces.ts';
import type { RunningProcess } from './process.ts';

const launcher = resolve(import.meta.dirname, '../../bin/hubfarm.cjs');

export interface ConnectWish {
  readonly server: string;
  readonly hub: string;
  readonly user: string;
  /** Further words of the command line. */
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `hubfarm connect`, as its users start it. */
export class HubfarmConnect {
  readonly host: Host;
  readonly #process: RunningProcess;

  constructor(host: Host, wish: ConnectWish) {
    this.host = host;
    this.#process = host.start(execPath, wordsOf(wish), environmentOf(host, wish));
  }

  /** Runs it to its end, for wishes that have one. */
  static run(host: Host, wish: ConnectWish): Promise<CommandResult> {
    return host.run(execPath, wordsOf(wish), { env: environmentOf(host, wish), timeoutMs: 60_000 });
  }

  get output(): string {
    return this.#process.output;
  }

  get exitCode(): number | undefined {
    return this.#process.exitCode;
  }

  count(pattern: RegExp): number {
    return [...this.output.matchAll(new RegExp(pattern, 'g'))].length;
  }

  /** Waits until `pattern` was said `times` times in all; returns how long that took from now on, ms. */
  async said(pattern: RegExp, times = 1, timeoutMs = 60_000): Promise<number> {
    const started = performance.now();
    const what = `${String(pattern)} (${times} times) from hubfarm connect`;
    const ask = (): boolean => {
      if (this.count(pattern) >= times) return true;
      if (this.#process.hasEnded) throw new Error(`hubfarm connect has ended: ${this.output}`);
      return false;
    };
    await until(what, timeoutMs, ask, () => this.output);
    return performance.now() - started;
  }

  connected(times = 1, timeoutMs?: number): Promise<number> {
    return this.said(/: connected: session/, times, timeoutMs);
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | undefined> {
    await this.#process.stop(8_000);
    return this.#process.exitCode;
  }
}

function wordsOf({ server, hub, user, words = [] }: ConnectWish): string[] {
  return [launcher, 'connect', server, '--hub', hub, '--user', user, ...words];
}

const environmentOf = (host: Host, { env = {} }: ConnectWish): Record<string, string> => ({
  HOME: host.folder,
  XDG_CONFIG_HOME: host.folder,
  ...env,
});
