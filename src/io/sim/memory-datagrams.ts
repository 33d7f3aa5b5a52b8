import { parseIpAddress } from '#base';
import type { Clock, Random } from '../clock.ts';
import type {
  Datagram,
  DatagramCounters,
  DatagramOptions,
  Datagrams,
  DatagramSink,
  InterfaceAddress,
} from '../datagram.ts';
import { IoError } from '../errors.ts';
import type { Endpoint } from '../stream.ts';

const FIRST_FREE_PORT = 40_000;
const LONGEST = 65_507;
const anyAddress = ['0.0.0.0', '::'];
const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
const familyOf = (address: string): number | undefined => parseIpAddress(address)?.length;

export interface DatagramLink {
  readonly clock: Clock;
  readonly random: Random;
  /** One way. Default 1. */
  readonly latencyMs?: number;
}

/** UDP in memory: machines with addresses, sockets on them, and what a network does to datagrams. */
export class MemoryDatagramNetwork {
  readonly link: DatagramLink;
  readonly #machines: MemoryDatagrams[] = [];
  readonly #balanced = new Map<string, () => MemoryDatagrams | undefined>();
  /** Of a thousand. */
  #lost = 0;
  #doubled = 0;

  constructor(link: DatagramLink) {
    this.link = link;
  }

  machine(...addresses: string[]): MemoryDatagrams {
    const machine = new MemoryDatagrams(this, addresses);
    this.#machines.push(machine);
    return machine;
  }

  /** From now on so many of a thousand datagrams get lost. */
  lose(ofThousand: number): void {
    this.#lost = ofThousand;
  }

  /** From now on so many of a thousand datagrams come twice. */
  double(ofThousand: number): void {
    this.#doubled = ofThousand;
  }

  /** An address of several machines: which of them the next datagram goes to. undefined: to none. */
  balance(address: string, choose: () => MemoryDatagrams | undefined): void {
    this.#balanced.set(address, choose);
  }

  carry(from: MemoryDatagramSocket, source: Endpoint, bytes: Buffer, to: Endpoint): void {
    if (this.link.random.below(1000) < this.#lost) return;
    if (this.#doubled > 0 && this.link.random.below(1000) < this.#doubled) this.#carryOne(from, source, bytes, to);
    this.#carryOne(from, source, bytes, to);
  }

  #carryOne(from: MemoryDatagramSocket, source: Endpoint, bytes: Buffer, to: Endpoint): void {
    const latencyMs = this.link.latencyMs ?? 1;
    this.link.clock.after(latencyMs, () => {
      const machine = isLoopback(to.address) ? from.machine : this.#machineFor(to.address);
      const socket = machine?.socketFor(to);
      if (socket !== undefined) socket.deliver(bytes, source);
      else if (machine !== undefined) this.link.clock.after(latencyMs, () => from.refused(to));
    });
  }

  #machineFor(address: string): MemoryDatagrams | undefined {
    const choose = this.#balanced.get(address);
    return choose === undefined ? this.#machines.find((one) => one.hasAddress(address)) : choose();
  }
}

/** The UDP sockets of one machine. */
export class MemoryDatagrams implements Datagrams {
  readonly means = 'in memory';
  readonly network: MemoryDatagramNetwork;
  #addresses: readonly string[];
  readonly #sockets: MemoryDatagramSocket[] = [];
  #nextPort = FIRST_FREE_PORT;

  constructor(network: MemoryDatagramNetwork, addresses: readonly string[]) {
    this.network = network;
    this.#addresses = addresses;
  }

  /** It has these addresses from now on; sockets stay bound. */
  setAddresses(...addresses: string[]): void {
    this.#addresses = addresses;
  }

  hasAddress(address: string): boolean {
    return isLoopback(address) || this.#addresses.includes(address);
  }

  bind(options: DatagramOptions): Promise<Datagram> {
    const { host, reusePort = false, reuseAddress = false } = options;
    const refuse = (code: 'ADDRESS_IN_USE' | 'ADDRESS_NOT_AVAILABLE', why: string): Promise<never> =>
      Promise.reject(new IoError(code, `cannot listen on ${host}:${options.port}: ${why}`));
    const isKnown = familyOf(host) !== undefined && (anyAddress.includes(host) || this.hasAddress(host));
    if (!isKnown) return refuse('ADDRESS_NOT_AVAILABLE', 'this machine has no such address');
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const rival = this.#sockets.find(
      (one) => one.local.port === port && overlap(one.local.address, host) && !(reusePort && one.sharesPort),
    );
    if (rival !== undefined && !(reuseAddress && rival.sharesAddress && rival.local.address !== host)) {
      return refuse('ADDRESS_IN_USE', 'another program uses this UDP port');
    }
    const socket = new MemoryDatagramSocket(this, { address: host, port }, { reusePort, reuseAddress });
    this.#sockets.push(socket);
    return Promise.resolve(socket);
  }

  sourceFor(remote: string): Promise<string> {
    const family = familyOf(remote);
    if (family === undefined) return Promise.reject(new IoError('BAD_ADDRESS', `"${remote}" is not an IP address`));
    const source = this.sourceNow(remote, family);
    if (source !== undefined) return Promise.resolve(source);
    return Promise.reject(new IoError('UNREACHABLE', `cannot send to ${remote}: there is no route to its network`));
  }

  sourceNow(remote: string, family: number): string | undefined {
    if (isLoopback(remote)) return family === 4 ? '127.0.0.1' : '::1';
    return this.#addresses.find((address) => familyOf(address) === family);
  }

  interfaceAddresses(): readonly InterfaceAddress[] {
    return ['127.0.0.1', '::1', ...this.#addresses].map((address) => ({
      address,
      prefixLength: address === '127.0.0.1' ? 8 : address.includes(':') ? (address === '::1' ? 128 : 64) : 24,
    }));
  }

  /** One that is bound to the address before one that is bound to all of them. */
  socketFor({ address, port }: Endpoint): MemoryDatagramSocket | undefined {
    const ofPort = this.#sockets.filter(({ local }) => local.port === port && overlap(local.address, address));
    return ofPort.find(({ local }) => local.address === address) ?? ofPort[0];
  }

  remove(socket: MemoryDatagramSocket): void {
    const at = this.#sockets.indexOf(socket);
    if (at >= 0) this.#sockets.splice(at, 1);
  }
}

export class MemoryDatagramSocket implements Datagram {
  readonly local: Endpoint;
  readonly counters: DatagramCounters = {
    receivedDatagrams: 0,
    receivedBytes: 0,
    wakeUps: 0,
    sentDatagrams: 0,
    sentBytes: 0,
    refusedDatagrams: 0,
    unreachables: 0,
  };
  readonly machine: MemoryDatagrams;
  readonly sharesPort: boolean;
  readonly sharesAddress: boolean;
  #sink: DatagramSink | undefined;
  #early: (readonly [Buffer, Endpoint])[] = [];
  #isClosed = false;

  constructor(
    machine: MemoryDatagrams,
    local: Endpoint,
    { reusePort, reuseAddress }: { readonly reusePort: boolean; readonly reuseAddress: boolean },
  ) {
    this.machine = machine;
    this.local = local;
    this.sharesPort = reusePort;
    this.sharesAddress = reuseAddress;
  }

  receive(sink: DatagramSink): void {
    this.#sink = sink;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) this.#clock.soon(() => early.forEach(([bytes, from]) => this.deliver(bytes, from)));
  }

  send(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    const family = familyOf(this.local.address)!;
    const source = anyAddress.includes(this.local.address)
      ? this.machine.sourceNow(address, family)
      : this.local.address;
    if (bytes.length > LONGEST || familyOf(address) !== family || port < 1 || source === undefined) {
      this.counters.refusedDatagrams++;
      return;
    }
    this.counters.sentDatagrams++;
    this.counters.sentBytes += bytes.length;
    const from = { address: source, port: this.local.port };
    this.machine.network.carry(this, from, Buffer.from(bytes), { address, port });
  }

  flush(): void {
    // Nothing waits.
  }

  close(): void {
    this.#isClosed = true;
    this.machine.remove(this);
  }

  deliver(bytes: Buffer, from: Endpoint): void {
    if (this.#isClosed) return;
    if (this.#sink === undefined) {
      this.#early.push([bytes, from]);
      return;
    }
    this.counters.wakeUps++;
    this.counters.receivedDatagrams++;
    this.counters.receivedBytes += bytes.length;
    this.#sink.received(bytes, from.address, from.port);
  }

  refused({ address, port }: Endpoint): void {
    if (this.#isClosed) return;
    this.counters.unreachables++;
    const why = `cannot send to ${address}:${port}: the connection was refused`;
    this.#sink?.refused?.(address, port, new IoError('REFUSED', why));
  }

  get #clock(): Clock {
    return this.machine.network.link.clock;
  }
}

const overlap = (one: string, other: string): boolean =>
  familyOf(one) === familyOf(other) && (one === other || anyAddress.includes(one) || anyAddress.includes(other));
