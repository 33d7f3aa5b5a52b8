import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { CommandResult } from './command.ts';
import type { Host } from './namespaces.ts';
import { vpncmd } from './softether.ts';

/** Both programs show times in the zone of whoever runs them. */
const env = { TZ: 'Asia/Tokyo' };
const launcher = resolve(import.meta.dirname, '../../bin/hubfarm.cjs');

/** What changes between two questions, whoever asks. */
const moving = [
  /^(Current Time\s*[|,]).*$/,
  /^(64 bit High-Precision Logical System Clock\s*[|,]).*$/,
  /^(Number of Active Sockets\s*[|,]).*$/,
  // Keep-alives count.
  /^((?:Outgoing|Incoming) Data Size\s*[|,]).*(?= bytes)/,
];
/** A counter may have moved, or a table entry have aged, between the two: a new interface talks for ten seconds. */
const ATTEMPTS = 15;

/** Behind the banner, without what moves. vpncmd ends some lines with a blank, hubfarm none. */
export function comparable(text: string, isCsv = false): string[] {
  const banner = /^The commands written in the file/;
  const lines = text
    .split('\n')
    .filter((line) => !banner.test(line))
    .map((line) => line.trimEnd());
  const start = isCsv ? 0 : lines.findIndex((line) => line.startsWith('Connection has been established'));
  return lines.slice(start).map((line) => moving.reduce((shown, what) => shown.replace(what, '$1 …'), line));
}

/** vpncmd has its own words for each error number; hubfarm's server says more, and `hubfarm cmd` repeats it. */
function withoutReasons(lines: readonly string[]): string[] {
  return lines.map((line, at) => (lines[at - 1]?.startsWith('Error occurred.') === true ? '…' : line));
}

/** One server asked by vpncmd and by `hubfarm cmd`, from the server's own host. */
export class BothPrograms {
  readonly host: Host;
  readonly #server: string;
  readonly #password: string;
  #batches = 0;

  constructor(host: Host, server: string, password: string) {
    this.host = host;
    this.#server = server;
    this.#password = password;
  }

  hubfarm(...words: string[]): Promise<CommandResult> {
    const folder = join(this.host.folder, 'config');
    const environment = { ...env, HUBFARM_PASSWORD: this.#password, XDG_CONFIG_HOME: folder };
    return this.host.run(process.execPath, [launcher, ...words], { env: environment });
  }

  async hubfarmOne(target: readonly string[], words: readonly string[]): Promise<string> {
    const { stdout } = await this.hubfarm('cmd', this.#server, '--insecure', ...target, '/CMD', ...words);
    return stdout;
  }

  async hubfarmBatch(lines: readonly string[], target: readonly string[] = []): Promise<string> {
    const input = this.#batchFile(lines);
    return (await this.hubfarm('cmd', this.#server, '--insecure', ...target, `/IN:${input}`)).stdout;
  }

  async vpncmdOne(target: readonly string[], words: readonly string[]): Promise<string> {
    const password = target.some((word) => word.startsWith('/PASSWORD:')) ? [] : [`/PASSWORD:${this.#password}`];
    return (await vpncmd(this.host, [this.#server, '/SERVER', ...password, ...target], words, { env })).text;
  }

  /** vpncmd takes /IN only without the /CMD that `vpncmd()` adds; so the lines go in as typed. */
  async vpncmdBatch(lines: readonly string[], target: readonly string[] = []): Promise<string> {
    const input = this.#batchFile(lines);
    const words = [this.#server, '/SERVER', `/PASSWORD:${this.#password}`, ...target, `/IN:${input}`];
    const { stdout } = await this.host.run('/usr/libexec/softether/vpncmd/vpncmd', words, { env });
    return stdout.replaceAll('\r', '');
  }

  /** Fails unless both print the same, line by line. */
  async mustAgree(
    target: readonly string[],
    lines: readonly string[],
    format: 'tables' | 'CSV',
    reasons: 'the same' | 'in own words' = 'the same',
  ): Promise<readonly string[]> {
    const options = format === 'CSV' ? [...target, '/CSV'] : target;
    const shown = (text: string): string[] => {
      const compared = comparable(text, format === 'CSV');
      return reasons === 'the same' ? compared : withoutReasons(compared);
    };
    for (let attempt = 1; ; attempt += 1) {
      const theirs = shown(await this.vpncmdBatch(lines, options));
      const ours = shown(await this.hubfarmBatch(lines, options));
      if (attempt === ATTEMPTS || JSON.stringify(ours) === JSON.stringify(theirs)) {
        expect(ours).toEqual(theirs);
        return ours;
      }
    }
  }

  #batchFile(lines: readonly string[]): string {
    this.#batches += 1;
    const path = join(this.host.folder, `batch-${this.#batches}.txt`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  }
}
