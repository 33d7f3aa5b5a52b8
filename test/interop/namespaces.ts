import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { command, mustRun, until, type CommandOptions, type CommandResult } from './command.ts';
import { isAlive, RunningProcess, signal } from './process.ts';

/** Every namespace of ours is called `hf-<pid of the test>-<number of its network>-<host>`. */
const prefix = 'hf-';
/** Their files are in folders of the temporary folder called `hubfarm-interop-<pid of the test>-…`. */
const folderPrefix = 'hubfarm-interop-';
let networks = 0;

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

function namespacesStartingWith(start: string): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8', timeout: 20_000 });
  const names = stdout.split('\n').map((line) => line.split(' ', 1)[0]!);
  return names.filter((name) => name.startsWith(start));
}

/** Ends every process inside, and deletes the namespace: what is in one of our namespaces, our tests started. */
function removeNamespace(name: string): void {
  const inside = (): number[] => {
    const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8', timeout: 20_000 });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  };
  // Twice: a supervisor may have started a new child between the list and its own end.
  for (let round = 0; round < 2; round += 1) inside().forEach((pid) => signal(pid, 'SIGKILL'));
  spawnSync('ip', ['netns', 'del', name], { timeout: 20_000 });
}

/** Whether `name` is `start`, then the pid of a test that is not running any more, then a dash. */
function isOrphan(name: string, start: string): boolean {
  const owner = name.startsWith(start) ? /^\d+(?=-)/.exec(name.slice(start.length))?.[0] : undefined;
  return owner !== undefined && !isAlive(Number(owner));
}

/** Removes the namespaces and folders that killed tests left behind; those of running ones stay. */
export function sweepNamespaces(): void {
  for (const name of namespacesStartingWith(prefix)) if (isOrphan(name, prefix)) removeNamespace(name);
  for (const name of readdirSync(tmpdir())) {
    if (isOrphan(name, folderPrefix)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

export interface Ping {
  readonly sent: number;
  readonly received: number;
  /** Of each answer, in order. */
  readonly roundTripMs: readonly number[];
}

/** A machine of the test's own: a network namespace with one interface, `eth0`, on the network's switch. */
export class Host {
  readonly namespace: string;
  /** IPv4 of eth0. */
  readonly address: string;
  /** A folder of its own, removed with the network. */
  readonly folder: string;

  constructor(namespace: string, address: string, folder: string) {
    this.namespace = namespace;
    this.address = address;
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  run(program: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult> {
    return command('ip', ['netns', 'exec', this.namespace, program, ...args], options);
  }

  mustRun(program: string, args: readonly string[], options?: CommandOptions): Promise<string> {
    return mustRun('ip', ['netns', 'exec', this.namespace, program, ...args], options);
  }

  /** `ip netns exec` becomes the program itself, so the pid is the program's. */
  start(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): RunningProcess {
    return new RunningProcess('ip', ['netns', 'exec', this.namespace, program, ...args], env);
  }

  /** Waits until something listens on this TCP port. */
  async listens(port: number, timeoutMs = 20_000, why: () => string = () => ''): Promise<void> {
    const ask = async (): Promise<boolean> => (await this.mustRun('ss', ['-Hlnt', `sport = :${port}`])).trim() !== '';
    await until(`a listener on port ${port} in ${this.namespace}`, timeoutMs, ask, why);
  }

  /** Waits until something has opened this port, TCP or UDP. */
  async receives(transport: 'udp' | 'tcp', port: number, timeoutMs = 20_000): Promise<void> {
    const options = ['-Hln', transport === 'udp' ? '-u' : '-t', `sport = :${port}`];
    const ask = async (): Promise<boolean> => (await this.mustRun('ss', options)).trim() !== '';
    await until(`somebody at ${transport} port ${port} in ${this.namespace}`, timeoutMs, ask);
  }

  /** `size` = bytes of ICMP payload. Answers may come late: only what has been overtaken by others for long is lost. */
  async ping(address: string, options: { count?: number; intervalMs?: number; size?: number } = {}): Promise<Ping> {
    const { count = 5, intervalMs = 20, size = 56 } = options;
    // With `-c` alone ping gives the last question twice the longest round trip, which may be a few milliseconds. With
    // `-w` it asks on, beyond `count`, until so many answers have come.
    const seconds = Math.ceil((count * intervalMs) / 1000) + 2;
    const patience = count === 1 ? ['-W', '1'] : ['-w', `${seconds}`];
    const args = ['-n', '-c', `${count}`, '-i', `${intervalMs / 1000}`, '-s', `${size}`, ...patience, address];
    const { stdout } = await this.run('ping', args, { timeoutMs: 60_000 + seconds * 1000 });
    const answers = [...stdout.matchAll(/icmp_seq=(\d+) .*time=([\d.]+) ms(?! \(DUP)/g)];
    const asked = answers.filter(([, number]) => Number(number) <= count);
    return { sent: count, received: asked.length, roundTripMs: asked.map(([, , time]) => Number(time)) };
  }

  /** Waits for the first answer from `address`; returns how long that took, in ms. */
  async reaches(address: string, timeoutMs = 60_000): Promise<number> {
    const started = performance.now();
    const ask = async (): Promise<boolean> => (await this.ping(address, { count: 1 })).received === 1;
    await until(`an answer to ping ${address} from ${this.namespace}`, timeoutMs, ask);
    return performance.now() - started;
  }

  /** Sets an address (CIDR) and brings the interface up. */
  async configure(device: string, cidr: string): Promise<void> {
    await this.mustRun('ip', ['addr', 'replace', cidr, 'dev', device]);
    await this.mustRun('ip', ['link', 'set', device, 'up']);
  }

  /** Cuts (or mends) the cable between eth0 and the switch; nobody is told. */
  async plugged(isPlugged: boolean): Promise<void> {
    await this.mustRun('ip', ['link', 'set', 'eth0', isPlugged ? 'up' : 'down']);
  }
}

/** Hosts on one switch, in namespaces of their own; the machine's own network is not touched. */
export class Network {
  readonly #start: string;
  readonly #folder: string;
  readonly #onExit = (): void => this.remove();
  readonly #subnet: string;
  #hosts = 0;

  /** `subnet`: the first three bytes of all its addresses. */
  constructor(subnet = '10.77.0') {
    this.#subnet = subnet;
    networks += 1;
    this.#start = `${prefix}${process.pid}-${networks}-`;
    this.#folder = mkdtempSync(join(tmpdir(), `${folderPrefix}${process.pid}-`));
    process.on('exit', this.#onExit);
    ip('netns', 'add', this.#switch);
    ip('-n', this.#switch, 'link', 'set', 'lo', 'up');
    ip('-n', this.#switch, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', this.#switch, 'link', 'set', 'br0', 'up');
  }

  get #switch(): string {
    return `${this.#start}switch`;
  }

  /** Makes a host with the next address of the network, which all can reach at once. */
  host(name: string): Host {
    const host = new Host(`${this.#start}${name}`, `${this.#subnet}.${this.#hosts + 1}`, join(this.#folder, name));
    ip('netns', 'add', host.namespace);
    ip('-n', host.namespace, 'link', 'set', 'lo', 'up');
    this.join(host, 'eth0');
    return host;
  }

  /** Connects a host of another network to this one, too; returns its address here. */
  join({ namespace }: Host, device: string): string {
    this.#hosts += 1;
    const address = `${this.#subnet}.${this.#hosts}`;
    const port = `port${this.#hosts}`;
    ip('-n', namespace, 'link', 'add', device, 'type', 'veth', 'peer', 'name', port, 'netns', this.#switch);
    ip('-n', this.#switch, 'link', 'set', port, 'master', 'br0', 'up');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', device);
    ip('-n', namespace, 'link', 'set', device, 'up');
    return address;
  }

  /** Ends all that runs in the hosts and removes them; by name, so also what a failed test has lost sight of. */
  remove(): void {
    process.off('exit', this.#onExit);
    namespacesStartingWith(this.#start).forEach(removeNamespace);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A network for the tests of one `describe`: made before the first, removed after the last, however they end. */
export function useNetwork(subnet?: string): () => Network {
  let network: Network | undefined;
  beforeAll(() => {
    network = new Network(subnet);
  });
  afterAll(() => network?.remove());
  return () => {
    if (network === undefined) throw new Error('the network exists only while tests run');
    return network;
  };
}
