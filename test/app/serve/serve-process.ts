import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { Said } from './said.ts';

const program = resolve(import.meta.dirname, '../../../bin/hubfarm.ts');

/** What a `serve` that ended said, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `hubfarm serve`, run as a person would. */
export class ServeProcess {
  readonly dataDirectory: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #said: Said;

  constructor(dataDirectory: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.dataDirectory = dataDirectory;
    // Its usual port is one for the whole machine: only who asks for SIP has it.
    const sip = args.includes('--sip') ? [] : ['--sip', ''];
    const words = ['--conditions=hubfarm-source', program, 'serve', '--data-dir', dataDirectory, ...sip, ...args];
    this.#child = spawn(execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#said = new Said(this.#child);
    this.#ended = once(this.#child, 'close').then(() => ({
      code: this.#child.exitCode,
      signal: this.#child.signalCode,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Resolves when it serves; rejects with what it said when it ends before. */
  async isUp(): Promise<this> {
    // The log and the text for people come by different pipes.
    await this.#said.until(
      ({ stdout, stderr }) => stdout.includes('server is up') && stderr.includes('data directory: '),
    );
    return this;
  }

  get stdout(): string {
    return this.#said.stdout;
  }

  get stderr(): string {
    return this.#said.stderr;
  }

  /** Closes our ends of its output, as `| head -1` does. */
  stopReading(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  ended(): Promise<Ended> {
    return this.#ended;
  }

  signal(name: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(name);
    return this.#ended;
  }
}
