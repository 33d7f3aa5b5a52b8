import { HubfarmError } from '#base';
import {
  Gone,
  Refused,
  Timeout,
  type Bus,
  type BusAddress,
  type BusHandler,
  type BusLink,
  type CallOptions,
  type MemberBoot,
} from '#cluster';
import {
  IoError,
  type ByteStream,
  type Clock,
  type IoErrorCode,
  type Random,
  type Timer,
  type TlsDialOptions,
} from '#io';
import type { SimulatedProcess } from './simulated-process.ts';

const silentAfterMs = 3_000;
const lookEveryMs = 250;
const callTimeoutMs = 3_000;
const latencyMaxMs = 5;

export interface MeshFaults {
  /** Of a thousand messages, so many vanish (a link that breaks and is made again). */
  readonly lostPerMille: number;
  /** Of a thousand messages that want no answer, so many come twice. */
  readonly doubledPerMille: number;
}

/** All buses of a simulated cluster, and the lines between their machines. */
export class SimulatedMesh {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: MeshFaults;
  readonly #buses = new Set<SimulatedBus>();
  readonly #cuts = new Set<string>();

  constructor(clock: Clock, random: Random, faults: MeshFaults) {
    this.clock = clock;
    this.random = random;
    this.faults = faults;
  }

  connect(process: SimulatedProcess, self: MemberBoot): SimulatedBus {
    const bus = new SimulatedBus(this, process, self);
    this.#buses.add(bus);
    return bus;
  }

  buses(): readonly SimulatedBus[] {
    return [...this.#buses];
  }

  forget(bus: SimulatedBus): void {
    this.#buses.delete(bus);
  }

  /** The bus of this boot, or of whoever bears the name now. */
  find(to: BusAddress): SimulatedBus | undefined {
    const member = typeof to === 'string' ? to : to.member;
    const candidates = [...this.#buses].filter((bus) => bus.self.member === member);
    const meant = candidates.find((bus) => typeof to !== 'string' && bus.self.boot === to.boot);
    return meant?.process.isKilled === false ? meant : candidates.at(-1);
  }

  cut(a: string, b: string): void {
    this.#cuts.add(lineOf(a, b));
  }

  mend(a: string, b: string): void {
    this.#cuts.delete(lineOf(a, b));
  }

  passes(a: string, b: string): boolean {
    return a === b || !this.#cuts.has(lineOf(a, b));
  }
}

const lineOf = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** A bus whose messages are function calls some milliseconds later, or never. */
export class SimulatedBus implements Bus {
  readonly self: MemberBoot;
  readonly process: SimulatedProcess;
  readonly #mesh: SimulatedMesh;
  readonly #services = new Map<string, BusHandler>();
  readonly #links = new Map<string, { link: BusLink; heardMs: number }>();
  readonly #listeners = new Set<(link: BusLink) => void>();
  readonly #arrivals = new Map<string, number>();
  readonly #look: Timer;

  constructor(mesh: SimulatedMesh, process: SimulatedProcess, self: MemberBoot) {
    this.#mesh = mesh;
    this.process = process;
    this.self = self;
    this.#look = process.every(lookEveryMs, () => this.#lookAround());
  }

  serve(service: string, handler: BusHandler): () => void {
    if (this.#services.has(service)) throw new Error(`${service} is served already`);
    this.#services.set(service, handler);
    return () => void this.#services.delete(service);
  }

  async call(to: BusAddress, service: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    const member = typeof to === 'string' ? to : to.member;
    const answer = Promise.withResolvers<unknown>();
    const timeoutMs = options.timeoutMs ?? callTimeoutMs;
    const timer = this.process.after(timeoutMs, () =>
      answer.reject(new Timeout(`${member} did not answer ${service}`)),
    );
    options.signal?.addEventListener('abort', () => answer.reject(new Timeout(`${service} was given up`)));
    const text = JSON.stringify(body);
    this.#carry(member, () => {
      const bus = this.#mesh.find(to);
      // Only the next boot says that the one before has ended.
      const isOther = typeof to !== 'string' && bus?.self.boot !== to.boot;
      if (isOther && bus?.process.isRunning === true) {
        this.#carry(this.self.member, () => answer.reject(new Gone(`${member} has ended`)));
      }
      if (bus === undefined || bus.process.isKilled || isOther) return;
      bus.process.soon(() => void bus.#handle(service, text, this, answer));
    });
    try {
      return await answer.promise;
    } finally {
      timer.cancel();
    }
  }

  send(to: BusAddress, service: string, body: unknown): void {
    const text = JSON.stringify(body);
    const { random, faults } = this.#mesh;
    for (let copies = random.below(1_000) < faults.doubledPerMille ? 2 : 1; copies > 0; copies--) {
      this.#carry(typeof to === 'string' ? to : to.member, () => {
        const bus = this.#mesh.find(to);
        if (bus === undefined || (typeof to !== 'string' && bus.self.boot !== to.boot)) return;
        bus.process.soon(() => void bus.#services.get(service)?.(JSON.parse(text), this.self));
      });
    }
  }

  /** What a machine says of a port: of a process that runs or hangs it is open, of one that has ended it is not. */
  dial({ host, timeoutMs }: TlsDialOptions): Promise<ByteStream> {
    const answer = Promise.withResolvers<ByteStream>();
    const fail = (code: IoErrorCode): void => answer.reject(new IoError(code, `cannot connect to ${host}`));
    this.process.after(timeoutMs, () => fail('TIMEOUT'));
    this.#carry(`${host}/0`, () => {
      const isEnded = this.#mesh.find(`${host}/0`)?.process.isKilled !== false;
      this.process.soon(() => fail(isEnded ? 'REFUSED' : 'TLS_FAILED'));
    });
    return answer.promise;
  }

  links(): readonly BusLink[] {
    return [...this.#links.values()].map(({ link }) => link).filter(({ state }) => state === 'up');
  }

  onLink(changed: (link: BusLink) => void): () => void {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  }

  stop(): Promise<void> {
    this.#look.cancel();
    this.#mesh.forget(this);
    return Promise.resolve();
  }

  async #handle(
    service: string,
    text: string,
    caller: SimulatedBus,
    answer: PromiseWithResolvers<unknown>,
  ): Promise<void> {
    const back = (settle: () => void): void => this.#carry(caller.self.member, () => caller.process.soon(settle));
    const handler = this.#services.get(service);
    if (handler === undefined) {
      back(() => answer.reject(new Refused('NO_SERVICE', `${service} is not served`)));
      return;
    }
    try {
      const result = JSON.stringify((await handler(JSON.parse(text), caller.self)) ?? null);
      back(() => answer.resolve(JSON.parse(result)));
    } catch (error) {
      const code = error instanceof HubfarmError ? error.code : 'OTHER';
      back(() => answer.reject(new Refused(code, error instanceof Error ? error.message : String(error))));
    }
  }

  /** To the machine of `member`, in order; the line may be cut before it gets there. */
  #carry(member: string, arrive: () => void): void {
    const { clock, random, faults } = this.#mesh;
    if (!this.process.isRunning) return;
    if (member !== this.self.member && random.below(1_000) < faults.lostPerMille) return;
    const arrivalMs = Math.max(
      this.#arrivals.get(member) ?? 0,
      clock.nowMs() + 0.1 + random.below(latencyMaxMs * 10) / 10,
    );
    this.#arrivals.set(member, arrivalMs);
    clock.after(arrivalMs - clock.nowMs(), () => {
      if (this.#mesh.passes(this.self.member, member)) arrive();
    });
  }

  /** A sign of life, which is answered. */
  #hear({ member, boot }: MemberBoot): void {
    const known = this.#links.get(`${member} ${boot}`);
    if (known !== undefined) known.heardMs = this.process.nowMs();
  }

  #lookAround(): void {
    const nowMs = this.process.nowMs();
    for (const other of this.#mesh.buses()) {
      if (other === this) continue;
      const { member, boot } = other.self;
      const key = `${member} ${boot}`;
      const known = this.#links.get(key);
      const passes = this.#mesh.passes(this.self.member, member);
      const isHeard = passes && other.process.isRunning;
      const heardMs = isHeard ? nowMs : (known?.heardMs ?? -Infinity);
      if (isHeard) other.#hear(this.self);
      // Its machine says at once that a process has ended, unless nothing comes through.
      const isEnded = passes && other.process.isKilled;
      if (known === undefined && !isHeard) continue;
      const state = isEnded ? 'down' : nowMs - heardMs > silentAfterMs ? 'silent' : 'up';
      const cause = state === 'up' ? '' : isEnded ? 'the connection was reset' : 'nothing is heard';
      const link: BusLink = {
        to: other.self,
        state,
        cause,
        roundTripMs: state === 'up' ? 1 : undefined,
        heardByMs: heardMs,
      };
      this.#links.set(key, { link, heardMs });
      if (known?.link.state !== state) for (const changed of this.#listeners) changed(link);
      if (isEnded && known?.link.state === 'down') this.#links.delete(key);
    }
  }
}
