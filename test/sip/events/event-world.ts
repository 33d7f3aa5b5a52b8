import { openEmbedded, type Backplane } from '#backplane';
import { SeededRandom } from '#io/sim';
import type { AgentConnection } from '../../../src/sip/core/account-agent.ts';
import { EventAgent } from '../../../src/sip/events/event-agent.ts';
import { HeaderId } from '../../../src/sip/message/header-id.ts';
import type { SipMessage } from '../../../src/sip/message/sip-message.ts';
import type { Binding } from '../../../src/sip/registrar/binding.ts';
import type { LocationChange } from '../../../src/sip/registrar/location-service.ts';
import { SipWorld, type Phone, type RequestOptions } from '../core/sip-world.ts';

/** A SIP server with an event agent, all of it in memory and on a virtual clock. */
export class EventWorld {
  readonly sip: SipWorld;
  readonly backplane: Backplane;
  agent!: EventAgent;
  #connection!: AgentConnection;
  readonly #listeners = new Set<(change: LocationChange) => void>();

  private constructor(backplane: Backplane) {
    this.backplane = backplane;
    this.sip = new SipWorld({
      agent: {
        take: (request) => this.agent.take(request),
        connect: (connection) => {
          this.#connection = connection;
        },
        callBegins: (incoming) => this.agent.callBegins(incoming),
        callEnded: (end) => this.agent.callEnded(end),
      },
    });
  }

  static async open(): Promise<EventWorld> {
    const world: { clock?: SipWorld['clock'] } = {};
    const backplane = await openEmbedded({
      path: ':memory:',
      clock: {
        nowMs: () => world.clock?.nowMs() ?? 0,
        wallMs: () => world.clock?.wallMs() ?? 0,
        after: () => ({ cancel: () => undefined }),
        every: () => ({ cancel: () => undefined }),
        soon: (run) => queueMicrotask(run),
      },
    });
    const made = new EventWorld(backplane);
    world.clock = made.sip.clock;
    await made.restart();
    return made;
  }

  /** The agent anew, with what the store has. */
  async restart(): Promise<void> {
    (this.agent as EventAgent | undefined)?.close();
    this.agent = await EventAgent.open({
      clock: this.sip.clock,
      random: new SeededRandom(3),
      backplane: this.backplane,
      location: {
        lookup: (aor) => this.sip.bindings.get(aor) ?? [],
        onChange: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      accountOf: ({ user, host }) => (host === 'example.org' && user !== undefined ? `${user}@example.org` : undefined),
    });
    this.agent.connect(this.#connection);
  }

  async close(): Promise<void> {
    this.agent.close();
    await this.backplane.close();
  }

  /** `user` registers at the phone; without one, nowhere any more. */
  register(user: string, phone: Phone | undefined, ...others: readonly Phone[]): void {
    const aor = `${user}@example.org`;
    const before: readonly Binding[] = this.sip.bindings.get(aor) ?? [];
    this.sip.bindings.delete(aor);
    if (phone !== undefined) this.sip.bind(user, phone);
    for (const other of others) this.sip.bind(user, other);
    const after = this.sip.bindings.get(aor) ?? [];
    for (const listener of this.#listeners) listener({ aor, before, after });
  }

  /** Lets the store and everything else come to rest; time passes only when asked to. */
  async settle(ms = 0): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await this.sip.clock.run(ms);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Requests of this method that were sent to the phone, oldest first. */
  sent(phone: Phone, method: string): SipMessage[] {
    return this.sip.out
      .filter(({ to, message }) => to === phone.name && message.isRequest && message.method === method)
      .map(({ message }) => message);
  }

  lastNotify(phone: Phone): SipMessage {
    return this.sip.last(phone, 'NOTIFY');
  }

  /** SUBSCRIBE to bob's state by alice. */
  subscribe(phone: Phone, event: string, headers: readonly string[] = [], options: RequestOptions = {}): void {
    phone.send('SUBSCRIBE', { headers: [`Event: ${event}`, ...headers], ...options });
  }
}

export const stateOf = (notify: SipMessage): string => notify.value(HeaderId.SubscriptionState) ?? '';
export const bodyOf = (message: SipMessage): string => message.body().toString();
