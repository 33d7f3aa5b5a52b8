import { onTestFinished } from 'vitest';
import type { NameResolver, RunningListener, ServerIdentity } from '#io';
import { IoError } from '#io';
import { createNodeCertificates, createNodeClock } from '#io/node';
import { MemoryNetwork, SeededRandom, type VirtualClock } from '#io/sim';
import {
  createClientHome,
  defaultClientLimits,
  VpnClient,
  type ClientAccount,
  type ClientEnd,
  type ClientEvent,
  type ClientHome,
  type ClientLimits,
  type FramePort,
  type FrameSession,
  type ServerJudge,
} from '#softether';
import { OutputQueue } from '#hub';
import { deflateFrame } from '../../../src/softether/codec/frame-compression.ts';
import { framesOf, sizeOf } from '../../hub/hub-fixture.ts';

const CLIENT_ADDRESS = '192.0.2.1';

const identities = new Map<string, Promise<ServerIdentity>>();

/** Made once for all tests of a file. */
export function identityOf(hostName: string): Promise<ServerIdentity> {
  const known = identities.get(hostName);
  if (known !== undefined) return known;
  const made = createNodeCertificates(createNodeClock()).makeSelfSigned({ hostName });
  identities.set(hostName, made);
  return made;
}

/** The frame side of a client: keeps what comes, sends what a test gives. */
export class TestPort implements FramePort {
  /** Hex, in order. */
  readonly frames: string[] = [];
  readonly isCompressed: boolean;
  isClosed = false;
  readonly queue: OutputQueue;
  readonly #session: FrameSession;

  constructor(home: ClientHome, session: FrameSession, encode?: (frame: Buffer) => Uint8Array) {
    this.#session = session;
    this.isCompressed = session.isCompressed;
    this.queue = new OutputQueue({ pools: home.blockPools, maxBytes: home.limits.outputQueueMaxBytes, encode });
  }

  get pending(): boolean {
    return this.queue.pending;
  }

  take(): Buffer {
    return this.queue.take();
  }

  release(block: Buffer): void {
    this.queue.release(block);
  }

  receive(buf: Buffer, from: number, to: number, count: number): void {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(count);
    this.frames.push(...framesOf(Buffer.concat([header, buf.subarray(from, to)])));
  }

  endOfRead(): void {}

  close(): void {
    this.isClosed = true;
    this.queue.clear();
  }

  send(...frames: readonly Buffer[]): void {
    const records = Buffer.concat(frames.flatMap((frame) => [sizeOf(frame), frame]));
    this.queue.append(records, 0, records.length, frames.length, 0);
    this.#session.flush();
  }

  takeFrames(): string[] {
    return this.frames.splice(0);
  }
}

/** Client machines on a network in memory. Time is the clock's. */
export class ClientRig {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly random = new SeededRandom(11);
  /** Addresses of names. */
  readonly names = new Map<string, readonly string[]>();

  constructor(clock: VirtualClock) {
    this.clock = clock;
    this.network = new MemoryNetwork({ clock, random: this.random });
  }

  readonly resolver: NameResolver = {
    resolve: (host) => {
      const found = this.names.get(host) ?? (/^[\d.]+$/.test(host) ? [host] : undefined);
      if (found !== undefined) return Promise.resolve(found);
      return Promise.reject(new IoError('UNKNOWN_HOST', `cannot find the addresses of ${host}: no such host name`));
    },
  };

  home(limits: Partial<ClientLimits> = {}, address = CLIENT_ADDRESS): ClientHome {
    return createClientHome({
      clock: this.clock,
      random: this.random,
      network: this.network.machine(address),
      names: this.resolver,
      alpn: [],
      limits: { ...defaultClientLimits, ...limits },
      identity: {
        product: { name: 'Test Client', version: 501, build: 9674 },
        uniqueId: this.random.bytes(20),
        machine: { hostName: 'desk', osName: 'Linux', osVersion: '12' },
      },
    });
  }

  /** Listens there with a certificate of its own: `identityOf(address)`. */
  async listen(
    address: string,
    port: number,
    options: Pick<Parameters<MemoryNetwork['listenTls']>[0], 'connected'> &
      Partial<Parameters<MemoryNetwork['listenTls']>[0]>,
  ): Promise<RunningListener> {
    const identity = await identityOf(address);
    return this.network.listenTls({
      host: address,
      port,
      identity: () => identity,
      handshakeTimeoutMs: 15_000,
      admit: () => true,
      abandoned: () => undefined,
      ...options,
    });
  }
}

export interface TestClientOptions {
  readonly host?: string;
  readonly port?: number;
  readonly otherServers?: readonly { readonly host: string; readonly port: number }[];
  readonly account?: Partial<ClientAccount>;
  readonly limits?: Partial<ClientLimits>;
  readonly judge?: ServerJudge;
  readonly address?: string;
  readonly isOnce?: boolean;
}

/** A client under test, with what it said and where its frames are. */
export class RunningClient {
  readonly client: VpnClient;
  readonly events: ClientEvent[] = [];
  /** When each event came, ms of the clock. */
  readonly timesMs: number[] = [];
  readonly ports: TestPort[] = [];
  end: ClientEnd | undefined;
  readonly #clock: VirtualClock;

  constructor(rig: ClientRig, { host = '192.0.2.254', port = 443, ...options }: TestClientOptions = {}) {
    const home = rig.home(options.limits, options.address);
    this.#clock = rig.clock;
    this.client = new VpnClient({
      home,
      server: { host, port },
      ...(options.otherServers === undefined ? {} : { otherServers: options.otherServers }),
      account: { ...annasAccount, ...options.account },
      openPort: (session) => {
        const made = new TestPort(home, session, session.isCompressed ? deflateFrame : undefined);
        this.ports.push(made);
        return made;
      },
      observe: (event) => {
        this.events.push(event);
        this.timesMs.push(rig.clock.nowMs());
      },
      ...(options.judge === undefined ? {} : { judge: options.judge }),
      ...(options.isOnce === true ? { goesOn: () => false } : {}),
    });
    void this.client.run().then((end) => (this.end = end));
    onTestFinished(async () => {
      const stopped = this.client.stop();
      await rig.clock.run(5_000);
      await stopped;
    });
  }

  /** Of the newest session. */
  get port(): TestPort {
    const port = this.ports.at(-1);
    if (port === undefined) throw new Error(`no session yet: ${this.kinds.join(' ')}`);
    return port;
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  /** The events of one kind. */
  all<K extends ClientEvent['kind']>(kind: K): Extract<ClientEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<ClientEvent, { kind: K }> => event.kind === kind);
  }

  last<K extends ClientEvent['kind']>(kind: K): Extract<ClientEvent, { kind: K }> {
    const event = this.all(kind).at(-1);
    if (event === undefined) throw new Error(`no ${kind} among ${JSON.stringify(this.kinds)}`);
    return event;
  }

  /** When the events of one kind came. */
  times(kind: ClientEvent['kind']): number[] {
    return this.timesMs.filter((_, index) => this.events[index]!.kind === kind);
  }

  get isConnected(): boolean {
    return this.client.session !== undefined;
  }

  /** Lets time pass until it is connected. */
  async connected(withinMs = 2_000): Promise<void> {
    const before = this.all('connected').length;
    for (let ms = 0; ms < withinMs && this.all('connected').length === before; ms += 10) await this.#clock.run(10);
    if (this.all('connected').length === before) throw new Error(`not connected: ${JSON.stringify(this.events)}`);
    await this.#clock.run(20);
  }
}

const annasAccount: ClientAccount = {
  hubName: 'OFFICE',
  userName: 'alice',
  credentials: { kind: 'password', password: 'pw' },
  maxConnection: 1,
  useEncrypt: true,
  useCompress: false,
  halfConnection: false,
};
