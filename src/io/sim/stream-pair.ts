import type { Clock, Random } from '../clock.ts';
import type { Endpoint, TlsInfo } from '../stream.ts';
import type { HostClock } from './host-clock.ts';
import { MemoryStream } from './memory-stream.ts';
import { OneWayPipe, type PipeSettings } from './one-way-pipe.ts';

export interface LinkSettings {
  readonly clock: Clock;
  readonly random: Random;
  /** One way. */
  readonly latencyMs?: number;
  /** As long as a TLS record can be, unless given. */
  readonly maxChunkBytes?: number;
  readonly windowBytes?: number;
}

export interface PairEnds {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly clientTls: TlsInfo | undefined;
  readonly serverTls: TlsInfo | undefined;
}

const DEFAULT_LATENCY_MS = 1;
const DEFAULT_CHUNK_BYTES = 16 * 1024;
const DEFAULT_WINDOW_BYTES = 256 * 1024;

const pipeSettings = ({ clock, random, ...rest }: LinkSettings): PipeSettings => ({
  clock,
  random,
  latencyMs: rest.latencyMs ?? DEFAULT_LATENCY_MS,
  maxChunkBytes: rest.maxChunkBytes ?? DEFAULT_CHUNK_BYTES,
  windowBytes: rest.windowBytes ?? DEFAULT_WINDOW_BYTES,
});

const simulatedTls: TlsInfo = { protocol: 'TLSv1.2', cipher: 'SIMULATED', peerCertificate: undefined };

/** What a pair is unless something else is said: TLS 1.2 between two documentation addresses. */
const defaultEnds: PairEnds = {
  client: { address: '192.0.2.1', port: 50_000 },
  server: { address: '192.0.2.2', port: 443 },
  clientTls: simulatedTls,
  serverTls: simulatedTls,
};

/** Of the two machines, where they can be put to sleep. */
export interface PairClocks {
  readonly client: HostClock | undefined;
  readonly server: HostClock | undefined;
}

const noClocks: PairClocks = { client: undefined, server: undefined };

/** A connection in memory, and what can happen to it. */
export class StreamPair {
  readonly client: MemoryStream;
  readonly server: MemoryStream;
  readonly #upstream: OneWayPipe;
  readonly #downstream: OneWayPipe;
  readonly #clocks: PairClocks;

  constructor(settings: LinkSettings, ends: PairEnds = defaultEnds, clocks: PairClocks = noClocks) {
    const { clock } = settings;
    const up = new OneWayPipe({ ...pipeSettings(settings), writerClock: clocks.client ?? clock });
    const down = new OneWayPipe({ ...pipeSettings(settings), writerClock: clocks.server ?? clock });
    this.#clocks = clocks;
    const { client, server, clientTls, serverTls } = ends;
    this.#upstream = up;
    this.#downstream = down;
    this.client = new MemoryStream({
      clock: clocks.client ?? clock,
      hostClock: clocks.client,
      local: client,
      remote: server,
      tls: clientTls,
      isServer: false,
      isClear: false,
      output: up,
      input: down,
    });
    this.server = new MemoryStream({
      clock: clocks.server ?? clock,
      hostClock: clocks.server,
      local: server,
      remote: client,
      tls: serverTls,
      isServer: true,
      isClear: false,
      output: down,
      input: up,
    });
  }

  /** The connection breaks: both ends are told at once (a reset). */
  cut(): void {
    this.#upstream.abort('reset');
    this.#downstream.abort('reset');
  }

  /** The client's machine ends TCP without close_notify, as a killed process does; the server still can write. */
  clientEndsUncleanly(): void {
    this.#upstream.abort('unclean');
  }

  serverEndsUncleanly(): void {
    this.#downstream.abort('unclean');
  }

  /** From now on nothing arrives, either way, and nobody is told: a cable pulled, a machine switched off. */
  silence(): void {
    this.#upstream.silence();
    this.#downstream.silence();
  }

  /** Packets from one address to another get lost, and are sent again until `release`. */
  hold(from: string, to: string): void {
    this.#pipe(from, to)?.hold();
  }

  release(from: string, to: string): void {
    this.#pipe(from, to)?.release();
  }

  /** A machine woke up: what waits for it may be delivered. */
  woken(): void {
    this.#upstream.readable();
    this.#downstream.readable();
  }

  /** The machine with this clock is no more. */
  machineEnded(clock: HostClock, how: 'killed' | 'powerOff'): void {
    if (this.#clocks.client === clock) this.client.vanish(how);
    if (this.#clocks.server === clock) this.server.vanish(how);
  }

  #pipe(from: string, to: string): OneWayPipe | undefined {
    const [client, server] = [this.client.local.address, this.server.local.address];
    if (from === client && to === server) return this.#upstream;
    return from === server && to === client ? this.#downstream : undefined;
  }
}
