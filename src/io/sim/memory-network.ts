import type { Clock } from '../clock.ts';
import { IoError } from '../errors.ts';
import type {
  Network,
  RunningListener,
  TcpListenOptions,
  TcpNetwork,
  TlsDialOptions,
  TlsListenOptions,
} from '../listener.ts';
import type { MutualTlsDialOptions, MutualTlsListenOptions, MutualTlsNetwork } from '../mutual-tls.ts';
import type { ByteStream, Endpoint } from '../stream.ts';
import { HostClock } from './host-clock.ts';
import { MemoryHost } from './memory-host.ts';
import { describeMutual, describeTls, nameForPeer, type BothTls } from './simulated-tls.ts';
import { StreamPair, type LinkSettings } from './stream-pair.ts';

const FIRST_FREE_PORT = 40_000;
const FIRST_CLIENT_PORT = 50_000;
const DEFAULT_CLIENT = '192.0.2.1';
const ANY_ADDRESS = ['0.0.0.0', '::'];

/** Where a program runs. Those that were not made as hosts never sleep. */
interface Machine {
  readonly address: string;
  readonly clock: Clock;
  readonly hostClock: HostClock | undefined;
}

interface Listening {
  readonly local: Endpoint;
  readonly machine: Machine | undefined;
  readonly reusePort: boolean;
  readonly accept: (attempt: Attempt, listening: Listening) => void;
}

/** A connection on its way. */
interface Attempt {
  readonly host: string;
  readonly from: Machine;
  readonly client: Endpoint;
  readonly tls: TlsDialOptions | undefined;
  readonly mutual: MutualTlsDialOptions | undefined;
  readonly connected: (stream: ByteStream) => void;
  readonly failed: (why: string) => void;
}

/** A network in memory: listeners, connections, and what can happen to them. Time is the clock's. */
export class MemoryNetwork implements Network, TcpNetwork, MutualTlsNetwork {
  readonly #settings: LinkSettings;
  readonly #listeners: Listening[] = [];
  readonly #pairs: StreamPair[] = [];
  readonly #unreachable = new Set<string>();
  /** `from to`: packets that way wait. */
  readonly #cuts = new Set<string>();
  #nextPort = FIRST_FREE_PORT;
  #nextClientPort = FIRST_CLIENT_PORT;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  /** Every connection made so far, oldest first. */
  get pairs(): readonly StreamPair[] {
    return this.#pairs;
  }

  /** The same network, as seen by the machine with this address. */
  machine(address: string): Network & TcpNetwork & MutualTlsNetwork {
    return this.#seenBy({ address, clock: this.#settings.clock, hostClock: undefined });
  }

  /** A machine whose program can be stopped and killed. What listens there on any address is reached by this one only. */
  host(address: string): MemoryHost {
    const hostClock = new HostClock(this.#settings.clock);
    const machine = { address, clock: hostClock, hostClock };
    return new MemoryHost({
      address,
      clock: hostClock,
      network: this.#seenBy(machine, true),
      woken: () => {
        for (const pair of this.#pairs) pair.woken();
      },
      ended: (how) => {
        this.#removeListeners((listening) => listening.machine === machine);
        for (const pair of this.#pairs) pair.machineEnded(hostClock, how);
      },
    });
  }

  /** Packets between two addresses get lost from now on; TCP goes on to try, so a connection may survive it. */
  cut(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  cutOneWay(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
    for (const pair of this.#pairs) pair.hold(from, to);
  }

  /** What waited arrives, in order. */
  heal(one: string, other: string): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      if (this.#cuts.delete(`${from} ${to}`)) for (const pair of this.#pairs) pair.release(from, to);
    }
  }

  /** Packets to this address get lost from now on, those of connections that are up as well, for ever. */
  isolate(address: string): void {
    this.#unreachable.add(address);
    for (const pair of this.#pairs) {
      if ([pair.client.local.address, pair.server.local.address].includes(address)) pair.silence();
    }
  }

  /** New connections reach this address again. */
  rejoin(address: string): void {
    this.#unreachable.delete(address);
  }

  listenTls(options: TlsListenOptions): Promise<RunningListener> {
    return this.#listen(options, undefined, (attempt, listening) => this.#acceptTls(attempt, listening, options));
  }

  listenTcp(options: TcpListenOptions): Promise<RunningListener> {
    return this.#listen(options, undefined, (attempt, listening) => this.#acceptTcp(attempt, listening, options));
  }

  listenMutualTls(options: MutualTlsListenOptions): Promise<RunningListener> {
    return this.#listen(options, undefined, (attempt, listening) => this.#acceptMutual(attempt, listening, options));
  }

  dial(options: TlsDialOptions, from: string = DEFAULT_CLIENT): Promise<ByteStream> {
    return this.machine(from).dial(options);
  }

  dialMutualTls(options: MutualTlsDialOptions): Promise<ByteStream> {
    return this.machine(DEFAULT_CLIENT).dialMutualTls(options);
  }

  #seenBy(machine: Machine, isAlone = false): Network & TcpNetwork & MutualTlsNetwork {
    const owner = isAlone ? machine : undefined;
    return {
      listenTls: (options) =>
        this.#listen(options, owner, (attempt, listening) => this.#acceptTls(attempt, listening, options)),
      listenTcp: (options) =>
        this.#listen(options, owner, (attempt, listening) => this.#acceptTcp(attempt, listening, options)),
      listenMutualTls: (options) =>
        this.#listen(options, owner, (attempt, listening) => this.#acceptMutual(attempt, listening, options)),
      dial: (options) => this.#dial(options, machine, { tls: options, mutual: undefined }),
      dialMutualTls: (options) => this.#dial(options, machine, { tls: undefined, mutual: options }),
    };
  }

  #listen(
    options: { readonly host: string; readonly port: number; readonly reusePort?: boolean },
    machine: Machine | undefined,
    accept: Listening['accept'],
  ): Promise<RunningListener> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const host = machine !== undefined && ANY_ADDRESS.includes(options.host) ? machine.address : options.host;
    const local = { address: host, port };
    const isTaken = this.#listeners.some(
      ({ local: other }) => other.port === port && overlap(other.address, local.address),
    );
    if (isTaken && options.reusePort !== true) {
      const message = `cannot listen on ${options.host}:${port}: another program uses this port`;
      return Promise.reject(new IoError('ADDRESS_IN_USE', message));
    }
    const listening: Listening = { local, machine, reusePort: options.reusePort ?? false, accept };
    this.#listeners.push(listening);
    const close = (): Promise<void> => {
      this.#removeListeners((each) => each === listening);
      return Promise.resolve();
    };
    return Promise.resolve({ local, close });
  }

  #removeListeners(isToGo: (listening: Listening) => boolean): void {
    const staying = this.#listeners.filter((each) => !isToGo(each));
    this.#listeners.splice(0, this.#listeners.length, ...staying);
  }

  async #dial(
    { host, port, timeoutMs, signal }: Pick<TlsDialOptions, 'host' | 'port' | 'timeoutMs' | 'signal'>,
    from: Machine,
    how: Pick<Attempt, 'tls' | 'mutual'>,
  ): Promise<ByteStream> {
    const { clock } = from;
    const connecting = Promise.withResolvers<ByteStream>();
    const fail = (code: 'TIMEOUT' | 'REFUSED' | 'TLS_FAILED' | 'CONNECTION_LOST', why: string): void =>
      connecting.reject(new IoError(code, `cannot connect to ${host}:${port}: ${why}`));
    const deadline = clock.after(timeoutMs, () => fail('TIMEOUT', `no answer within ${timeoutMs} ms`));
    const giveUp = (): void => fail('CONNECTION_LOST', 'given up');
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp);
    clock.after(this.#roundTripMs, () => {
      if (signal?.aborted === true || !this.#isReachable(from.address, host)) return;
      const listening = this.#listeners.find(({ local }) => local.port === port && overlap(local.address, host));
      // Its kernel takes the connection, and then nothing happens.
      if (listening?.machine?.hostClock?.isAsleep === true) return;
      if (listening === undefined) fail('REFUSED', 'the connection was refused');
      else {
        const client = { address: from.address, port: this.#nextClientPort++ };
        const failed = (why: string): void => fail('TLS_FAILED', why);
        listening.accept({ host, from, client, ...how, connected: connecting.resolve, failed }, listening);
      }
    });
    try {
      return await connecting.promise;
    } finally {
      deadline.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  get #roundTripMs(): number {
    return 2 * (this.#settings.latencyMs ?? 1);
  }

  #isReachable(one: string, other: string): boolean {
    if (this.#unreachable.has(one) || this.#unreachable.has(other)) return false;
    return !this.#cuts.has(`${one} ${other}`) && !this.#cuts.has(`${other} ${one}`);
  }

  #acceptTls(attempt: Attempt, listening: Listening, options: TlsListenOptions): void {
    const { client, failed } = attempt;
    if (!options.admit(client)) {
      failed('the other side closed the connection');
      return;
    }
    if (attempt.tls?.tls !== true) {
      options.abandoned(client, 'neither TLS nor HTTP');
      failed('the other side closed the connection');
      return;
    }
    const server = serverEnd(attempt, listening);
    const session = `${client.address}:${client.port}-${server.address}:${server.port}`;
    const tls = describeTls(options, attempt.tls, session);
    const start = (): void => this.#join(attempt, listening, tls, (stream) => options.connected(stream));
    if (options.pace === undefined) start();
    else options.pace(start, client);
  }

  #acceptTcp(attempt: Attempt, listening: Listening, options: TcpListenOptions): void {
    if (!options.admit(attempt.client) || attempt.tls?.tls !== false) {
      attempt.failed('the other side closed the connection');
      return;
    }
    const tls = { clientTls: undefined, serverTls: undefined };
    this.#join(attempt, listening, tls, (stream) => options.connected(stream));
  }

  #acceptMutual(attempt: Attempt, listening: Listening, options: MutualTlsListenOptions): void {
    const { client, failed, mutual } = attempt;
    if (!options.admit(client)) {
      failed('the other side closed the connection');
      return;
    }
    const own = options.identity();
    if (mutual === undefined) {
      options.abandoned(client, 'TLS handshake: peer did not return a certificate');
      failed('the other side closed the connection');
      return;
    }
    const serverName = nameForPeer(own, mutual.identity);
    const clientName = nameForPeer(mutual.identity, own);
    if (clientName === undefined) options.abandoned(client, 'its certificate is not taken');
    else if (serverName !== mutual.peerName) options.abandoned(client, 'closed by the other side');
    if (serverName === undefined) failed('its certificate is not taken');
    else if (serverName !== mutual.peerName)
      failed(`its certificate is of "${serverName}", not of "${mutual.peerName}"`);
    else if (clientName === undefined) failed('the other side closed the connection');
    else {
      const tls = { clientTls: describeMutual(own), serverTls: describeMutual(mutual.identity) };
      this.#join(attempt, listening, tls, (stream) => options.connected(stream, clientName));
    }
  }

  /** Its handshake takes one more round trip. */
  #join(attempt: Attempt, listening: Listening, tls: BothTls, accepted: (stream: ByteStream) => void): void {
    const { client, from } = attempt;
    const server = serverEnd(attempt, listening);
    this.#settings.clock.after(this.#roundTripMs, () => {
      const isGone = [from, listening.machine].some((machine) => machine?.hostClock?.isAsleep === true);
      if (isGone || !this.#isReachable(client.address, server.address)) return;
      const serverClock = listening.machine?.hostClock;
      const pair = new StreamPair(
        this.#settings,
        { client, server, ...tls },
        { client: from.hostClock, server: serverClock },
      );
      this.#pairs.push(pair);
      accepted(pair.server);
      attempt.connected(pair.client);
    });
  }
}

const overlap = (one: string, other: string): boolean =>
  one === other || ANY_ADDRESS.includes(one) || ANY_ADDRESS.includes(other);

const serverEnd = ({ host }: Attempt, { local }: Listening): Endpoint => ({
  address: ANY_ADDRESS.includes(local.address) ? host : local.address,
  port: local.port,
});
