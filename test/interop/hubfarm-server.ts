import { join, resolve } from 'node:path';
import { execPath } from 'node:process';
import type { Host } from './namespaces.ts';
import type { RunningProcess } from './process.ts';
import { ServerAdmin } from './server-admin.ts';

const launcher = resolve(import.meta.dirname, '../../bin/hubfarm.cjs');

export interface HubfarmOptions {
  readonly port?: number;
  /** `section.key=value` */
  readonly settings?: readonly string[];
  readonly password?: string;
  /** Of its process, beside those of the test's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The server under test, as its users start it. */
export class HubfarmServer {
  readonly host: Host;
  readonly admin: ServerAdmin;
  readonly port: number;
  readonly dataDirectory: string;
  readonly #settings: readonly string[];
  readonly #password: string;
  readonly #environment: Readonly<Record<string, string>>;
  #process: RunningProcess | undefined;

  constructor(host: Host, options: HubfarmOptions = {}) {
    this.host = host;
    this.port = options.port ?? 443;
    this.#password = options.password ?? 'admin-word';
    this.#settings = options.settings ?? [];
    this.#environment = options.environment ?? {};
    this.admin = new ServerAdmin(host, this.port, this.#password);
    this.dataDirectory = join(host.folder, 'hubfarm');
  }

  async start(): Promise<void> {
    const args = ['serve', '--data-dir', this.dataDirectory, '--listen', `${this.port}`];
    const settings = this.#settings.flatMap((setting) => ['--set', setting]);
    const environment = { ...this.#environment, HUBFARM_ADMIN_PASSWORD: this.#password };
    this.#process = this.host.start(execPath, [launcher, ...args, ...settings], environment);
    await this.#process.says(/server is up/, 60_000);
  }

  /** The last of what it logged. */
  get output(): string {
    return this.#running().output;
  }

  get pid(): number {
    return this.#running().pid;
  }

  get hasEnded(): boolean {
    return this.#running().hasEnded;
  }

  /** Waits until `pattern` stands in its log. */
  async says(pattern: RegExp): Promise<void> {
    await this.#running().says(pattern);
  }

  /** Waits for its end, after SIGTERM: it may have to wait for calls. */
  async ends(timeoutMs = 30_000): Promise<void> {
    await this.#running().ends(timeoutMs);
  }

  /** SIGTERM; it promises to be gone within 5 s. */
  async stop(): Promise<void> {
    await this.#running().stop(5_000);
  }

  /** SIGKILL, as in a crash. */
  async kill(): Promise<void> {
    await this.#running().kill();
  }

  /** `hubfarm …` on the server's own host, over its local socket. */
  hubfarm(...words: string[]): Promise<string> {
    const args = [launcher, ...words, '--data-dir', this.dataDirectory];
    return this.host.mustRun(execPath, args);
  }

  #running(): RunningProcess {
    if (this.#process === undefined) throw new Error('hubfarm has not been started');
    return this.#process;
  }
}
