import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

let counter = 0;

/** A row of network namespaces with names of their own, removed by `remove` with all that is in them. */
export class Namespaces {
  readonly #prefix = `hfe-${process.pid}-${++counter}-`;
  readonly #names: string[] = [];
  readonly #remotes: Remote[] = [];

  add(name: string): Namespace {
    const full = this.#prefix + name;
    command('ip', 'netns', 'add', full);
    this.#names.push(full);
    command('ip', '-n', full, 'link', 'set', 'lo', 'up');
    return new Namespace(full, this.#remotes);
  }

  async remove(): Promise<void> {
    for (const remote of this.#remotes) await remote.end();
    for (const name of this.#names) command('ip', 'netns', 'del', name);
  }
}

export class Namespace {
  readonly name: string;
  readonly #remotes: Remote[];

  constructor(name: string, remotes: Remote[]) {
    this.name = name;
    this.#remotes = remotes;
  }

  /** `ip <arguments separated by blanks>` in this namespace. */
  ip(args: string): string {
    return command('ip', '-n', this.name, ...args.split(' '));
  }

  run(program: string, ...args: string[]): string {
    return command('ip', 'netns', 'exec', this.name, program, ...args);
  }

  /** Sets an address and brings the device up; `device` may come from another namespace. */
  configure(device: string, cidr: string): void {
    this.ip(`addr add ${cidr} dev ${device}`);
    this.ip(`link set ${device} up`);
  }

  /** True once `count` pings were answered; a busy machine, or an address not yet resolved, may need some more. */
  reaches(address: string, count = 3, ...options: string[]): boolean {
    return this.#ping(address, '-c', String(count), '-w', '15', ...options) >= count;
  }

  /** How many pings, of `count` sent, were answered within a second. */
  ping(address: string, count: number, ...options: string[]): number {
    return this.#ping(address, '-c', String(count), '-W', '1', ...options);
  }

  #ping(address: string, ...options: string[]): number {
    const args = ['netns', 'exec', this.name, 'ping', '-n', '-i', '0.1', ...options, address];
    const { stdout } = spawnSync('ip', args, { encoding: 'utf8', timeout: 30_000 });
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  }

  /** A process that opens devices here. `as` = a command in front of it, for other rights. */
  remote(...as: string[]): Remote {
    const script = join(import.meta.dirname, 'remote.ts');
    const remote = new Remote(['netns', 'exec', this.name, ...as, process.execPath, '-C', 'hubfarm-source', script]);
    this.#remotes.push(remote);
    return remote;
  }
}

interface Answer {
  readonly id?: number;
  readonly value?: unknown;
  readonly gone?: string;
  readonly error?: string;
  readonly code?: string;
}

export interface Status {
  readonly receivedFrames: number;
  readonly sentFrames: number;
  readonly oversizedFrames: number;
  readonly refusedFrames: number;
  readonly notices: readonly string[];
}

/** The other end of `remote.ts`. */
export class Remote {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<unknown>;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #gone = new Map<string, PromiseWithResolvers<Answer>>();
  #lastId = 0;
  #hasEnded = false;

  constructor(args: string[]) {
    this.#child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((resolve) => this.#child.on('close', resolve));
    void this.#ended.then(() => {
      for (const asked of this.#asked.values()) asked.reject(new Error('the process has ended'));
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(JSON.parse(line) as Answer));
  }

  list(): Promise<string[]> {
    return this.#ask('list') as Promise<string[]>;
  }

  openTap(name: string): Promise<{ readonly name: string; readonly mac: string }> {
    return this.#ask('openTap', name) as ReturnType<Remote['openTap']>;
  }

  openInterface(name: string): Promise<{ readonly name: string; readonly mac: string }> {
    return this.#ask('openInterface', name) as ReturnType<Remote['openInterface']>;
  }

  configure(name: string, settings: object): Promise<unknown> {
    return this.#ask('configure', name, JSON.stringify(settings));
  }

  relay(left: string, right: string): Promise<unknown> {
    return this.#ask('relay', left, right);
  }

  /** From now on keeps what it receives. */
  capture(name: string): Promise<unknown> {
    return this.#ask('capture', name);
  }

  captured(name: string): Promise<string[]> {
    return this.#ask('captured', name) as Promise<string[]>;
  }

  /** Sends the frame twice; resolves with how many were taken. */
  send(name: string, hex: string): Promise<number> {
    return this.#ask('send', name, hex) as Promise<number>;
  }

  status(name: string): Promise<Status> {
    return this.#ask('status', name) as Promise<Status>;
  }

  cpuMs(): Promise<number> {
    return this.#ask('cpuMs') as Promise<number>;
  }

  close(name: string): Promise<unknown> {
    return this.#ask('close', name);
  }

  /** What the sink of `name` is told when the device has gone. */
  gone(name: string): Promise<Answer> {
    return this.#goneOf(name).promise;
  }

  /** Closes its input: it must end by itself. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#child.stdin.end();
    const overdue = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await this.#ended;
    clearTimeout(overdue);
    if (this.#child.signalCode !== null) throw new Error(`the process did not end by itself`);
  }

  #ask(method: string, ...args: string[]): Promise<unknown> {
    const id = ++this.#lastId;
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(id, asked);
    this.#child.stdin.write(`${JSON.stringify([id, method, ...args])}\n`);
    return asked.promise;
  }

  #take(answer: Answer): void {
    if (answer.gone !== undefined) this.#goneOf(answer.gone).resolve(answer);
    const asked = this.#asked.get(answer.id ?? -1);
    if (asked === undefined) return;
    this.#asked.delete(answer.id!);
    if (answer.error === undefined) asked.resolve(answer.value);
    else asked.reject(Object.assign(new Error(answer.error), { code: answer.code }));
  }

  #goneOf(name: string): PromiseWithResolvers<Answer> {
    const known = this.#gone.get(name) ?? Promise.withResolvers<Answer>();
    this.#gone.set(name, known);
    return known;
  }
}

function command(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
