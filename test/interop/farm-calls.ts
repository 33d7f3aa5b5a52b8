import type { FarmServers } from './farm-servers.ts';
import type { Host } from './namespaces.ts';
import { Sipp, writeUsers, type SippFigures, type SippRun, type SipUser } from './sipp.ts';

export type Transport = 'udp' | 'tcp';

export interface Ways {
  readonly caller: Transport;
  readonly callee: Transport;
}

/** Telephones that SIPp plays, outside of the farm. */
export class FarmCalls {
  readonly callers: Host;
  readonly callees: Host;
  readonly #farm: FarmServers;
  readonly #users: SipUser[];
  #port = 7000;

  constructor(farm: FarmServers, hosts: { readonly callers: Host; readonly callees: Host }, users: readonly SipUser[]) {
    this.#farm = farm;
    this.callers = hosts.callers;
    this.callees = hosts.callees;
    this.#users = [...users];
  }

  /** The next port each time: what is late from an earlier run reaches nobody. */
  nextPort(): number {
    this.#port += 2;
    return this.#port;
  }

  /** A file of users whom nobody has called before. */
  nextUsers(count: number): string {
    const taken = this.#users.splice(0, count);
    if (taken.length < count) throw new Error('no users are left');
    return writeUsers(this.callers, taken);
  }

  /** A SIPp that asks; the address of all unless another target is given. */
  start(scenario: string, more: Partial<SippRun>): Sipp {
    const target = `${this.#farm.address}:5060`;
    return new Sipp(this.callers, { scenario, target, port: this.nextPort(), rate: 15, holdMs: 500, ...more });
  }

  /** The users register a contact at the callees' host; returns its port. */
  async register(transport: Transport, users: string, more: Partial<SippRun>): Promise<number> {
    const port = this.nextPort();
    const contact = `${this.callees.address}:${port}${transport === 'tcp' ? ';transport=tcp' : ''}`;
    await this.start('register', { transport, users, keys: { contact }, ...more }).succeeds();
    return port;
  }

  /** A SIPp that is asked. */
  async answer(scenario: string, port: number, transport: Transport, calls: number): Promise<Sipp> {
    const answering = new Sipp(this.callees, { scenario, port, transport, calls });
    await this.callees.receives(transport, port);
    return answering;
  }

  /** So many calls of one kind, from `caller` to `callee`. */
  async call(
    calls: number,
    { caller: way, callee: otherWay }: Ways,
    caller: string,
    callee: string,
    more: Partial<SippRun> = {},
  ): Promise<{ readonly caller: SippFigures; readonly callee: SippFigures }> {
    const users = this.nextUsers(calls);
    const port = await this.register(otherWay, users, { calls });
    const answering = await this.answer(callee, port, otherWay, calls);
    try {
      return {
        caller: await this.start(caller, { calls, transport: way, users, ...more }).succeeds(),
        callee: await answering.succeeds(),
      };
    } finally {
      await answering.stop();
    }
  }

  /**
   * Every request and response that a call, a registration, a subscription and a message can have, over one transport, in so
   * many calls of each kind. Rejects unless all went as they should.
   */
  async everyMessage(calls: number, transport: Transport, target: string): Promise<void> {
    const talks = [
      ['every-request-caller', 'every-request-callee'],
      ['cancelling-caller', 'cancelled-callee'],
      ['writer', 'reader'],
    ] as const;
    const common = { calls, transport, target };
    const talk = async (asking: string, answering: string): Promise<void> => {
      const users = this.nextUsers(calls);
      const port = await this.register(transport, users, common);
      const asked = await this.answer(answering, port, transport, calls);
      try {
        // Whom a REFER names.
        await this.start(asking, { ...common, users, keys: { target: 'somebody' } }).succeeds();
        await asked.succeeds();
      } finally {
        await asked.stop();
      }
    };
    const watch = async (): Promise<void> => {
      const users = this.nextUsers(calls);
      const keys = { event: 'message-summary' };
      await this.start('publisher', { ...common, users }).succeeds();
      await this.start('watcher', { ...common, users, keys }).succeeds();
    };
    await Promise.all([...talks.map(([asking, answering]) => talk(asking, answering)), watch()]);
  }
}
