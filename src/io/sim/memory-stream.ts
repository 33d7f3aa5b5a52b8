import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import { IoError } from '../errors.ts';
import type { ByteStream, Endpoint, StreamSink, TlsInfo } from '../stream.ts';
import { MemoryDuplex } from './memory-duplex.ts';
import type { HostClock } from './host-clock.ts';
import type { OneWayPipe, PipeEnd, PipeReader } from './one-way-pipe.ts';

const CLOSE_GRACE_MS = 2_000;
/** What a chunk becomes when its reader has had it: who keeps a shared chunk notices. */
const OVERWRITTEN = 0xee;

export interface MemoryStreamParts {
  readonly clock: Clock;
  /** Of the machine, where that can be put to sleep. */
  readonly hostClock?: HostClock | undefined;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly tls: TlsInfo | undefined;
  readonly isServer: boolean;
  /** TLS was there and is no more. */
  readonly isClear: boolean;
  readonly output: OneWayPipe;
  readonly input: OneWayPipe;
}

type Ending = Parameters<StreamSink['closed']>[0];

/** One end of a connection in memory. */
export class MemoryStream implements ByteStream, PipeReader {
  readonly #parts: MemoryStreamParts;
  #sink: StreamSink | undefined;
  #phase: 'open' | 'closing' | 'gone' = 'open';
  #ending: Ending | undefined;
  #isPaused = false;
  #isShared = false;
  #hasRenegotiated = false;
  #grace: Timer | undefined;

  constructor(parts: MemoryStreamParts) {
    this.#parts = parts;
    parts.input.attach(this);
  }

  get local(): Endpoint {
    return this.#parts.local;
  }

  get remote(): Endpoint {
    return this.#parts.remote;
  }

  get tls(): TlsInfo | undefined {
    return this.#parts.tls;
  }

  get isClosed(): boolean {
    return this.#phase !== 'open' || this.#ending !== undefined;
  }

  get isClear(): boolean {
    return this.#parts.isClear;
  }

  get queuedBytes(): number {
    return this.#parts.output.unsentBytes;
  }

  get canDropEncryption(): boolean {
    return this.#parts.tls !== undefined && !this.isClosed;
  }

  get isAsleep(): boolean {
    return this.#parts.hostClock?.isAsleep ?? false;
  }

  get canRead(): boolean {
    if (this.isAsleep) return false;
    if (this.#phase === 'closing') return true;
    return this.#phase === 'open' && this.#sink !== undefined && !this.#isPaused;
  }

  receive(sink: StreamSink): void {
    this.#isShared = false;
    this.#begin(sink);
  }

  receiveShared(sink: StreamSink): void {
    this.#isShared = true;
    this.#begin(sink);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#parts.clock.soon(() => this.#parts.input.readable());
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (!this.isClosed) this.#parts.output.write(bytes, this.isClear, done);
    else if (done !== undefined) this.#parts.clock.soon(done);
  }

  close(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#parts.output.end('orderly');
    this.#parts.input.readable();
    this.#grace = this.#parts.clock.after(CLOSE_GRACE_MS, () => this.destroy());
  }

  destroy(): void {
    if (this.#phase === 'gone') return;
    this.#leave();
    this.#parts.output.abort('orderly');
    this.#parts.clock.soon(() => this.#finish({ clean: false, error: undefined }));
  }

  /** The machine of its owner has ended, who is told nothing; the other side only if `how` is killed. */
  vanish(how: 'killed' | 'powerOff'): void {
    this.#sink = undefined;
    if (this.#phase === 'gone') return;
    this.#leave();
    if (how === 'killed') this.#parts.output.abort('unclean');
    else this.#parts.output.silence();
  }

  renegotiate(): Promise<boolean> {
    const { clock, isServer, tls } = this.#parts;
    const isPossible = !this.isClosed && isServer && tls?.protocol === 'TLSv1.2' && !this.#hasRenegotiated;
    if (!isPossible) return Promise.resolve(false);
    this.#hasRenegotiated = true;
    return new Promise((resolve) => clock.soon(() => resolve(!this.isClosed)));
  }

  dropEncryption(last: Uint8Array): Promise<ByteStream> | undefined {
    if (!this.canDropEncryption) return undefined;
    this.#isPaused = true;
    return new Promise((resolve, reject) => {
      this.#parts.output.write(last, this.isClear, () => {
        if (this.isClosed) {
          reject(this.#lost());
          return;
        }
        this.#leave();
        resolve(new MemoryStream({ ...this.#parts, tls: undefined, isClear: true }));
      });
    });
  }

  handOver(unread: Buffer): Duplex {
    this.#leave();
    return new MemoryDuplex(new MemoryStream(this.#parts), unread);
  }

  chunk(bytes: Buffer): void {
    if (this.#phase !== 'open') return;
    try {
      this.#sink?.data(bytes);
    } catch (error) {
      this.#finish({ clean: false, error: error instanceof Error ? error : new Error(String(error)) });
      this.destroy();
    }
    if (this.#isShared) bytes.fill(OVERWRITTEN);
  }

  end(how: PipeEnd): void {
    this.#leave();
    // As the runtime does it: the answer to an end is an end.
    this.#parts.output.end('orderly');
    const isClean = how === 'orderly' || (how === 'unclean' && this.tls === undefined);
    this.#finish({ clean: isClean, error: how === 'reset' ? this.#lost() : undefined });
  }

  #begin(sink: StreamSink): void {
    this.#sink = sink;
    const ending = this.#ending;
    this.#parts.clock.soon(() => {
      if (this.#sink !== sink) return;
      if (ending !== undefined) this.#tell(ending);
      else this.#parts.input.readable();
    });
  }

  #lost(): IoError {
    return new IoError('CONNECTION_LOST', `connection with ${this.remote.address}:${this.remote.port} lost`);
  }

  #leave(): void {
    this.#phase = 'gone';
    this.#grace?.cancel();
  }

  #finish(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#tell(ending);
  }

  #tell(ending: Ending): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(ending);
  }
}
