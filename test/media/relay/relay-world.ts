import { silentLogger } from '#base';
import { DatagramMediaSockets, type Datagram } from '#io';
import { MemoryDatagramNetwork, SeededRandom, VirtualClock, type MemoryDatagrams } from '#io/sim';
import type { KernelRelay } from '../../../src/media/relay/kernel-relay.ts';
import { UdpMediaRelay } from '../../../src/media/relay/media-relay.ts';
import type {
  LearnRule,
  MediaAddress,
  RelayListener,
  RelayPlan,
  RelaySession,
  SidePlan,
  StreamPlan,
} from '../../../src/media/relay/relay.ts';

export interface Heard {
  readonly bytes: Buffer;
  readonly from: MediaAddress;
}

/** A telephone's port: what it was sent, in order. */
export class Phone {
  readonly heard: Heard[] = [];
  readonly at: MediaAddress;
  readonly #socket: Datagram;

  constructor(socket: Datagram) {
    this.#socket = socket;
    this.at = socket.local;
    socket.receive({ received: (bytes, address, port) => this.heard.push({ bytes, from: { address, port } }) });
  }

  send(bytes: Buffer, to: MediaAddress): void {
    this.#socket.send(bytes, to.address, to.port);
  }
}

/** A relay at 192.0.2.1 in a network without sockets. */
export class RelayWorld {
  readonly clock = new VirtualClock();
  readonly network = new MemoryDatagramNetwork({ clock: this.clock, random: new SeededRandom(1) });
  readonly machine: MemoryDatagrams = this.network.machine('192.0.2.1', '2001:db8::1');
  readonly relay: UdpMediaRelay;
  readonly events: string[] = [];

  constructor(kernel?: KernelRelay) {
    const sockets = new DatagramMediaSockets(this.machine, this.clock);
    const { clock } = this;
    this.relay = new UdpMediaRelay({ sockets, kernel, clock, logger: silentLogger, typeOfService: undefined });
  }

  readonly #machines = new Map<string, MemoryDatagrams>();

  async phone(address: string, port: number): Promise<Phone> {
    const machine = this.#machines.get(address) ?? this.network.machine(address);
    this.#machines.set(address, machine);
    return new Phone(await machine.bind({ host: address, port }));
  }

  get listener(): RelayListener {
    return {
      idle: () => this.events.push(`idle at ${this.clock.nowMs()}`),
      failed: (reason) => this.events.push(reason),
    };
  }

  async open(plan: RelayPlan): Promise<RelaySession> {
    const session = this.relay.open(plan, this.listener);
    if (session.kind === 'refused') throw new Error(session.reason);
    await this.clock.run(1);
    return session;
  }

  async pass(ms = 5): Promise<void> {
    await this.clock.run(ms);
  }
}

export const known = (...addresses: string[]): LearnRule => ({ addresses, isAnySourceAccepted: false });

export function sidePlan(port: number, remote: MediaAddress | undefined, changes: Partial<SidePlan> = {}): SidePlan {
  return {
    local: { address: '192.0.2.1', port },
    remote,
    remoteControl: remote === undefined ? undefined : { address: remote.address, port: remote.port + 1 },
    learn: known(...(remote === undefined ? [] : [remote.address])),
    isDeaf: false,
    ...changes,
  };
}

export function streamPlan(a: SidePlan, b: SidePlan, changes: Partial<StreamPlan> = {}): StreamPlan {
  return { kind: 'rtp', a, b, isMuxed: false, ...changes };
}

export const callPlan = (...streams: (StreamPlan | undefined)[]): RelayPlan => ({ streams, timeoutMs: 60_000 });
