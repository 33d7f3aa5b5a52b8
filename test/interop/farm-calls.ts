import { join } from 'node:path';
import { execPath } from 'node:process';
import type { FarmServers } from './farm-servers.ts';
import type { Host } from './namespaces.ts';
import { Sipp, writeUsers, type SippFigures, type SippRun, type SipUser } from './sipp.ts';

export type Transport = 'udp' | 'tcp';

export interface Ways {
  /** TLS with a tunnel, see `tunnel`. */
  readonly caller: Transport | 'tls';
  readonly callee: Transport;
}

const tunnelProgram = join(import.meta.dirname, 'tls-tunnel.ts');

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
  async register(callee: Transport, users: string, more: Partial<SippRun>): Promise<number> {
    const port = this.nextPort();
    const contact = `${this.callees.address}:${port}${callee === 'tcp' ? ';transport=tcp' : ''}`;
    await this.start('register', { transport: callee, users, keys: { contact }, ...more }).succeeds();
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
   * How a SIPp gets to the target. Debian's knows no TLS: a tunnel takes what it sends there, from the port that it says is its
   * own, since telephones are reached by the connection that they have made.
   */
  async #way(transport: Ways['caller'], target: string): Promise<Partial<SippRun>> {
    if (transport !== 'tls') return { transport, target };
    const [port, shownPort] = [this.nextPort(), this.nextPort()];
    const door = `${this.callers.address}:${port}`;
    this.callers.start(execPath, [tunnelProgram, 'outward', door, target, `${shownPort}`]);
    await this.callers.receives('tcp', port);
    return { transport, target: door, shownPort };
  }

  /**
   * Every request and response that a call, a registration, a subscription and a message can have, in so many calls of each
   * kind. Rejects unless all went as they should.
   */
  async everyMessage(calls: number, { caller: transport, callee }: Ways, target: string): Promise<void> {
    const talks = [
      ['every-request-caller', 'every-request-callee'],
      ['cancelling-caller', 'cancelled-callee'],
      ['writer', 'reader'],
    ] as const;
    const ask = async (scenario: string, more: Partial<SippRun>): Promise<SippFigures> =>
      this.start(scenario, { calls, ...(await this.#way(transport, target)), ...more }).succeeds();
    const talk = async (asking: string, answering: string): Promise<void> => {
      const users = this.nextUsers(calls);
      const port = await this.register(callee, users, { calls });
      const asked = await this.answer(answering, port, callee, calls);
      try {
        // Whom a REFER names.
        await ask(asking, { users, keys: { target: 'somebody' } });
        await asked.succeeds();
      } finally {
        await asked.stop();
      }
    };
    const watch = async (): Promise<void> => {
      const users = this.nextUsers(calls);
      const keys = { event: 'message-summary' };
      await ask('publisher', { users });
      await ask('watcher', { users, keys });
    };
    await Promise.all([...talks.map(([asking, answering]) => talk(asking, answering)), watch()]);
  }
}
