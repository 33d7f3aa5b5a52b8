import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, type CommandOptions } from './command.ts';
import type { Host } from './namespaces.ts';
import { childrenOf, isAlive, type RunningProcess, signal } from './process.ts';

export type DaemonKind = 'vpnserver' | 'vpnclient' | 'vpnbridge';

const libexec = '/usr/libexec/softether';
/** Compiled into Debian's build, so each instance needs a mount namespace in which these are its own. */
const ownFolders = ['/var/lib/softether', '/var/log/softether', '/run/softether'];

/** A shell line that gives what runs after it its own three folders, kept under `folder`. */
function withOwnFolders(folder: string, run: string): string {
  const mounts = ownFolders.map((path) => {
    const own = join(folder, path);
    mkdirSync(own, { recursive: true });
    mkdirSync(path, { recursive: true });
    return `mount --bind '${own}' ${path}`;
  });
  return [...mounts, `exec ${run}`].join(' && ');
}

export interface VpncmdOutput {
  /** vpncmd's own exit code: 0, or the SoftEther error code. */
  readonly code: number;
  readonly text: string;
}

/**
 * Runs one vpncmd command on `host`. `target` says where to: `['localhost:443', '/SERVER', '/PASSWORD:x']`,
 * `['localhost', '/CLIENT']`. Without words, `target` has `/IN:` and a file of commands. With a wrong password vpncmd asks again for ever, so its input is empty and ends it.
 */
export async function vpncmd(
  host: Host,
  target: readonly string[],
  words: readonly string[],
  options: CommandOptions & { readonly csv?: boolean } = {},
): Promise<VpncmdOutput> {
  const { csv = false, ...rest } = options;
  const line = withOwnFolders(join(host.folder, 'vpncmd'), `${libexec}/vpncmd/vpncmd "$@"`);
  const args = [...target, ...(csv ? ['/CSV'] : []), ...(words.length > 0 ? ['/CMD', ...words] : [])];
  const { code, stdout, stderr } = await host.run('sh', ['-c', line, 'vpncmd', ...args], {
    timeoutMs: 60_000,
    ...rest,
  });
  return { code, text: (stdout + stderr).replaceAll('\r', '') };
}

export async function mustVpncmd(host: Host, target: readonly string[], words: readonly string[]): Promise<string> {
  const { code, text } = await vpncmd(host, target, words);
  if (code !== 0) throw new Error(`vpncmd ${target.join(' ')} /CMD ${words.join(' ')}: exit code ${code}: ${text}`);
  return text;
}

/** Splits vpncmd's CSV: lines of fields; a field with a comma, quote or line break in it is in quotes. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|$)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

/** The answer to one vpncmd command as rows; the first one is the heading. Rejects when the command failed. */
export async function vpncmdRows(host: Host, target: readonly string[], words: readonly string[]): Promise<string[][]> {
  const { code, text } = await vpncmd(host, target, words, { csv: true });
  if (code !== 0)
    throw new Error(`vpncmd ${target.join(' ')} /CSV /CMD ${words.join(' ')}: exit code ${code}: ${text}`);
  const rows = parseCsv(text);
  // What comes before the table ("Connected to VPN Client …") has one field.
  return rows.slice(rows.findIndex((row) => row.length > 1));
}

/** A real SoftEther program on a host of its own, in the foreground. */
export class SoftEtherDaemon {
  readonly host: Host;
  readonly kind: DaemonKind;
  #supervisor: RunningProcess | undefined;

  constructor(kind: DaemonKind, host: Host) {
    this.kind = kind;
    this.host = host;
  }

  /** Where its configuration and logs are: `var/lib/softether/…` below. Survives stop and start. */
  get folder(): string {
    return join(this.host.folder, this.kind);
  }

  async start(): Promise<void> {
    const line = withOwnFolders(this.folder, `${libexec}/${this.kind}/${this.kind} execsvc`);
    const supervisor = this.host.start('sh', ['-c', line]);
    this.#supervisor = supervisor;
    const ask = (): boolean => {
      if (supervisor.hasEnded) throw new Error(`${this.kind} ended: ${supervisor.output}`);
      return childrenOf(supervisor.pid).length > 0;
    };
    await until(`${this.kind} to start its serving process`, 20_000, ask);
  }

  /** `execsvc` forks: the first process only restarts the second, which serves; this is the second. */
  get pid(): number {
    return childrenOf(this.#running().pid)[0] ?? this.#running().pid;
  }

  /** All of its log files, oldest first. */
  log(): string {
    const folder = join(this.folder, '/var/log/softether');
    if (!existsSync(folder)) return '';
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.log'));
    return files
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('');
  }

  #running(): RunningProcess {
    if (this.#supervisor === undefined) throw new Error(`${this.kind} has not been started`);
    return this.#supervisor;
  }

  /** In order: SIGTERM to the serving process (to the other one it would only leave this one an orphan). */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Both processes at once, as in a crash of the machine. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(name: NodeJS.Signals): Promise<void> {
    const { pid } = this;
    const supervisor = this.#running();
    if (name === 'SIGKILL') signal(supervisor.pid, name);
    signal(pid, name);
    await until(`the end of ${this.kind}`, 30_000, () => !isAlive(pid));
    if (!supervisor.hasEnded) await supervisor.kill();
    this.#supervisor = undefined;
  }
}
