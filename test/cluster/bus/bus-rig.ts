import type { Logger } from '#base';
import {
  MemberBus,
  TlsLinks,
  type BusLink,
  type BusMember,
  type MemberBoot,
  type MemberBusOptions,
  type MemberId,
} from '#cluster';
import { MemoryNetwork, SeededRandom, simulatedIdentity, VirtualClock, type MemoryHost } from '#io/sim';

export const PORT = 5570;
export const CLUSTER = 'farm-1';

/** Lines of a log, as people would read them. */
export class LogLines implements Logger {
  readonly lines: string[] = [];
  debug(): void {}
  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }
  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }
  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }
  child(): Logger {
    return this;
  }
  #add(level: string, fields: object, message: string): void {
    const why = 'why' in fields && typeof fields.why === 'string' ? `: ${fields.why}` : '';
    this.lines.push(`${level} ${message}${why}`);
  }
}

/** The directory of a test: everybody reads the same. */
export class MemberBook {
  #members: readonly BusMember[] = [];
  readonly #watchers = new Set<() => void>();

  busMembers(): readonly BusMember[] {
    return this.#members;
  }

  onChange(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  set(other: BusMember): void {
    this.#members = [...this.#members.filter(({ member }) => member !== other.member), other];
    this.#tell();
  }

  remove(gone: MemberId): void {
    this.#members = this.#members.filter(({ member }) => member !== gone);
    this.#tell();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

export interface RigMember {
  readonly bus: MemberBus;
  readonly host: MemoryHost;
  readonly log: LogLines;
  readonly self: MemberBoot;
  readonly address: string;
  /** Every change of a link, as `b/0 up`. */
  readonly changes: string[];
}

export type RigMemberOptions = Partial<Omit<MemberBusOptions, 'self' | 'clock' | 'members' | 'makers'>> & {
  readonly boot?: string;
  /** Name in the certificate; absent = the server's. */
  readonly certificateName?: string;
  readonly authority?: string;
  readonly isListed?: boolean;
};

/** Members of a cluster in memory, on a clock that moves when it is told to. */
export class BusRig {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly book = new MemberBook();
  readonly #addresses = new Map<string, string>();
  #boots = 0;

  constructor(seed = 1, latencyMs = 1) {
    this.random = new SeededRandom(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.random, latencyMs });
  }

  address(name: string): string {
    const known = this.#addresses.get(name) ?? `10.0.${this.#addresses.size >> 8}.${(this.#addresses.size & 255) + 1}`;
    this.#addresses.set(name, known);
    return known;
  }

  async start(name: string, options: RigMemberOptions = {}): Promise<RigMember> {
    const { boot = `boot-${++this.#boots}`, certificateName = name, authority, isListed = true, ...rest } = options;
    const address = this.address(name);
    const host = this.network.host(address);
    const self: MemberBoot = { member: `${name}/0`, boot };
    const log = new LogLines();
    const identity = simulatedIdentity(certificateName, authority);
    const links = new TlsLinks({
      network: host.network,
      listen: { host: address, port: PORT },
      identity: () => identity,
      logger: log,
    });
    const bus = new MemberBus({
      self,
      cluster: CLUSTER,
      clock: host.clock,
      random: this.random,
      logger: log,
      members: this.book,
      makers: [links],
      ...rest,
    });
    const changes: string[] = [];
    bus.onLink(({ to, state }: BusLink) => changes.push(`${to.member} ${state}`));
    await bus.start();
    if (isListed) this.book.set({ ...self, busAddress: `${address}:${PORT}` });
    return { bus, host, log, self, address, changes };
  }

  /** Starts `names`, and lets them find each other. */
  async members(...names: string[]): Promise<RigMember[]> {
    const members: RigMember[] = [];
    for (const name of names) members.push(await this.start(name));
    await this.clock.run(1_000);
    return members;
  }
}

/** What became of a promise, once the clock has run. */
export function outcome(promise: Promise<unknown>): { value?: unknown; error?: Error; isSettled: boolean } {
  const seen: { value?: unknown; error?: Error; isSettled: boolean } = { isSettled: false };
  promise.then(
    (value) => {
      seen.value = value;
      seen.isSettled = true;
    },
    (error: unknown) => {
      seen.error = error as Error;
      seen.isSettled = true;
    },
  );
  return seen;
}
