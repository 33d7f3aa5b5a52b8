import type { Duplex } from 'node:stream';
import { IoError } from '../../errors.ts';
import type { ByteStream, Endpoint, StreamSink, TlsInfo } from '../../stream.ts';
import { asError, hostAndPort, plainReason } from '../errno.ts';
import { Renegotiation } from '../renegotiation.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { EngineSide } from './engine-side.ts';
import { StreamDuplex } from './stream-duplex.ts';

/** How long `close` waits for the other side to take the rest and to close too. */
const CLOSE_GRACE_MS = 2_000;
/** Turns of the loop for which `destroy` reads on: unread bytes would turn a FIN into a reset, which may overtake close_notify. */
const LAST_TURNS = 4;

type Ending = Parameters<StreamSink['closed']>[0];

export interface Endpoints {
  readonly remote: Endpoint;
  readonly local: Endpoint;
}

/** A connection of the TLS engine, as everybody else sees it. */
export class EngineStream implements ByteStream, ConnectionOwner {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsInfo | undefined;
  readonly #connection: Connection;
  #sink: StreamSink | undefined;
  #isShared = false;
  #isPaused = false;
  #phase: 'open' | 'closing' | 'gone' = 'open';
  #ending: Ending | undefined;
  #grace: NodeJS.Timeout | undefined;
  #side: EngineSide | undefined;
  #renegotiation: Renegotiation | undefined;

  constructor(connection: Connection, { remote, local }: Endpoints) {
    this.#connection = connection;
    this.remote = remote;
    this.local = local;
    this.tls = connection.tls;
    connection.owner = this;
  }

  get isClosed(): boolean {
    return this.#phase !== 'open' || this.#ending !== undefined;
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes + (this.#renegotiation?.heldBytes ?? 0);
  }

  get canDropEncryption(): boolean {
    return this.tls !== undefined && !this.isClosed;
  }

  receive(sink: StreamSink): void {
    this.#begin(sink, false);
  }

  receiveShared(sink: StreamSink): void {
    this.#begin(sink, true);
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#phase === 'open') this.#connection.read('stopped');
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#phase === 'open' && this.#sink !== undefined) this.#connection.read('reading');
  }

  write(bytes: Uint8Array, done?: () => void): void {
    if (this.#renegotiation?.isOver === false) this.#renegotiation.hold(bytes, done);
    else if (!this.isClosed) this.#connection.write(bytes, done);
    else if (done !== undefined) process.nextTick(done);
  }

  close(): void {
    if (this.#phase !== 'open') return;
    this.#renegotiation?.end();
    this.#phase = 'closing';
    this.#armGrace();
    this.#connection.read('discarding');
    this.#connection.end();
  }

  destroy(): void {
    if (this.#phase === 'gone') return;
    this.#phase = 'gone';
    clearTimeout(this.#grace);
    this.#renegotiation?.end();
    this.#side?.lost();
    const connection = this.#connection;
    if (connection.isWritten) {
      connection.owner = lastTurns;
      connection.read('discarding');
      connection.end();
      closeSoon(connection, LAST_TURNS);
    } else connection.close();
    process.nextTick(() => this.#finish({ clean: false, error: undefined }));
  }

  renegotiate(): Promise<boolean> {
    const isPossible = !this.isClosed && this.tls?.protocol === 'TLSv1.2' && this.#renegotiation === undefined;
    if (!isPossible) return Promise.resolve(false);
    this.#side = new EngineSide(this.#connection);
    this.#renegotiation = new Renegotiation(this.#side);
    return this.#renegotiation.run();
  }

  dropEncryption(last: Uint8Array): Promise<ByteStream> | undefined {
    if (!this.canDropEncryption) return undefined;
    this.#renegotiation?.end();
    const connection = this.#connection;
    // Nothing that arrives from now on is taken for TLS.
    connection.read('stopped');
    return new Promise((resolve, reject) => {
      connection.write(last, () => {
        if (connection.isClosed || this.isClosed) {
          reject(new IoError('CONNECTION_LOST', `connection with ${this.#name} lost while it left TLS`));
          return;
        }
        this.#phase = 'gone';
        connection.leaveTls();
        resolve(new EngineStream(connection, this));
      });
    });
  }

  handOver(unread: Buffer): Duplex {
    this.#renegotiation?.end();
    const connection = this.#connection;
    const isUp = !this.isClosed;
    this.#phase = 'gone';
    clearTimeout(this.#grace);
    connection.read('stopped');
    const next = new EngineStream(connection, this);
    if (!isUp) next.destroy();
    return new StreamDuplex(next, unread);
  }

  data(chunk: Buffer, hasMore: boolean): void {
    try {
      this.#sink?.data(this.#isShared ? chunk : Buffer.from(chunk), hasMore);
    } catch (error) {
      // A fault in what one connection carries ends that connection, not the process and everybody else's sessions.
      this.#finish({ clean: false, error: asError(error) });
      this.destroy();
    }
  }

  ended(isOrderly: boolean): void {
    this.#finish({ clean: isOrderly, error: undefined });
    if (this.#phase === 'gone') return;
    this.#renegotiation?.end();
    this.#side?.lost();
    this.#phase = 'closing';
    this.#armGrace();
    this.#connection.end();
    this.written();
  }

  failed(cause: Error): void {
    const why = plainReason(cause);
    this.#gone({
      clean: false,
      error: new IoError('CONNECTION_LOST', `connection with ${this.#name} lost: ${why}`, { cause }),
    });
  }

  written(): void {
    this.#side?.written();
    if (this.#phase === 'closing' && this.#ending !== undefined && this.#connection.isWritten) this.#gone(this.#ending);
  }

  progressed(): void {
    this.#side?.progressed();
  }

  get #name(): string {
    return hostAndPort(this.remote.address, this.remote.port);
  }

  #begin(sink: StreamSink, isShared: boolean): void {
    this.#sink = sink;
    this.#isShared = isShared;
    const ending = this.#ending;
    if (ending !== undefined) {
      process.nextTick(() => {
        if (this.#sink === sink) this.#tell(ending);
      });
    } else if (this.#phase === 'open' && !this.#isPaused) this.#connection.read('reading');
  }

  #gone(ending: Ending): void {
    this.#phase = 'gone';
    clearTimeout(this.#grace);
    this.#connection.close();
    this.#side?.lost();
    this.#finish(ending);
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

  #armGrace(): void {
    this.#grace ??= setTimeout(() => this.#gone({ clean: false, error: undefined }), CLOSE_GRACE_MS);
  }
}

/** Nobody listens to it any more. */
const lastTurns: ConnectionOwner = {
  data: () => undefined,
  ended: () => undefined,
  failed: () => undefined,
  written: () => undefined,
  progressed: () => undefined,
};

function closeSoon(connection: Connection, turns: number): void {
  setImmediate(() => {
    if (turns === 0) connection.close();
    else closeSoon(connection, turns - 1);
  });
}
