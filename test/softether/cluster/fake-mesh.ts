import { HubfarmError } from '#base';
import {
  Gone,
  Refused,
  Timeout,
  type Bus,
  type BusAddress,
  type BusHandler,
  type CallOptions,
  type MemberBoot,
  type MemberId,
} from '#cluster';
import type { Clock } from '#io';

const LATENCY_MS = 1;

/** Buses of several members in memory: each message takes a millisecond, and is JSON on its way. */
export class FakeMesh {
  readonly #clock: Clock;
  readonly #buses = new Map<MemberId, FakeBus>();
  /** Members that hear and say nothing, but are not dead. */
  readonly hung = new Set<MemberId>();
  /** `from → service` of every call, in order. */
  readonly calls: string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(self: MemberBoot): FakeBus {
    const bus = new FakeBus(this, self, this.#clock);
    this.#buses.set(self.member, bus);
    return bus;
  }

  leave(member: MemberId): void {
    this.#buses.delete(member);
  }

  at(member: MemberId): FakeBus | undefined {
    return this.#buses.get(member);
  }
}

class FakeBus implements Bus {
  readonly self: MemberBoot;
  readonly #mesh: FakeMesh;
  readonly #clock: Clock;
  readonly #handlers = new Map<string, BusHandler>();

  constructor(mesh: FakeMesh, self: MemberBoot, clock: Clock) {
    this.self = self;
    this.#mesh = mesh;
    this.#clock = clock;
  }

  serve(service: string, handler: BusHandler): () => void {
    if (this.#handlers.has(service)) throw new Error(`${service} is served already`);
    this.#handlers.set(service, handler);
    return () => this.#handlers.delete(service);
  }

  async call(to: BusAddress, service: string, body: unknown, options: CallOptions = {}): Promise<unknown> {
    const member = typeof to === 'string' ? to : to.member;
    this.#mesh.calls.push(`${this.self.member} → ${member} ${service}`);
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.after(options.timeoutMs ?? 3_000, () => late.reject(new Timeout(`${member}: no answer`)));
    options.signal?.addEventListener('abort', () => late.reject(new Timeout(`${member}: given up`)));
    try {
      return await Promise.race([this.#deliver(to, service, body), late.promise]);
    } finally {
      timer.cancel();
    }
  }

  send(to: BusAddress, service: string, body: unknown): void {
    this.#deliver(to, service, body).catch(() => undefined);
  }

  links(): [] {
    return [];
  }

  onLink(): () => void {
    return () => undefined;
  }

  stop(): Promise<void> {
    this.#mesh.leave(this.self.member);
    return Promise.resolve();
  }

  async #deliver(to: BusAddress, service: string, body: unknown): Promise<unknown> {
    const copy: unknown = JSON.parse(JSON.stringify(body));
    const member = typeof to === 'string' ? to : to.member;
    await this.#pass();
    await this.#unlessHung(this.self.member);
    await this.#unlessHung(member);
    const there = this.#mesh.at(member);
    if (there === undefined || (typeof to !== 'string' && there.self.boot !== to.boot)) {
      throw new Gone(`${member} has ended`);
    }
    const answer = await this.#run(there, service, copy);
    await this.#unlessHung(member);
    if (this.#mesh.at(member) !== there) throw new Gone(`${member} has ended`);
    return answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as unknown);
  }

  async #run(there: FakeBus, service: string, body: unknown): Promise<unknown> {
    const handler = there.#handlers.get(service);
    if (handler === undefined) throw new Refused('NO_SERVICE', `${there.self.member} does not serve ${service}`);
    try {
      const answer = await handler(body, this.self);
      await this.#pass();
      return answer;
    } catch (error) {
      if (error instanceof HubfarmError) throw new Refused(error.code, error.message);
      throw error;
    }
  }

  async #unlessHung(member: MemberId): Promise<void> {
    while (this.#mesh.hung.has(member)) await this.#pass(50);
  }

  #pass(ms = LATENCY_MS): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }
}
