import { systemError } from '../datagram/native.ts';
import type { TlsInfo } from '../../stream.ts';
import type { BudgetedReader } from '../turn-budget.ts';
import type { TlsEngine } from './engine.ts';
import { EAGAIN, EINTR, MSG_DONTWAIT, SHUT_WR } from './native.ts';
import { Outgoing } from './outgoing.ts';
import type { Watcher } from './readiness.ts';
import { READ_BYTES } from './record-area.ts';
import { TlsSession, type TlsProgress } from './tls-session.ts';

export interface ConnectionOwner {
  /** The chunk is overwritten as soon as it returns. */
  data(chunk: Buffer, hasMore: boolean): void;
  /** The other side sends no more. Orderly: with close_notify, or with a FIN where there is no TLS. */
  ended(isOrderly: boolean): void;
  /** The connection is of no use any more. */
  failed(error: Error): void;
  /** Everything that was written is with the kernel, the end too where there was one. */
  written(): void;
  /** TLS has read something: a handshake may be over. */
  progressed(): void;
}

/** What becomes of what comes. */
export type Reading = 'stopped' | 'reading' | 'discarding';

/** A file descriptor of a TCP connection, with or without a TLS session on it; the only one that knows and closes it. */
export class Connection implements Watcher, BudgetedReader {
  turn = -1;
  turnBytes = 0;
  owner: ConnectionOwner | undefined;
  readonly #engine: TlsEngine;
  readonly #ticket: number;
  #fd: number;
  #session: TlsSession | undefined;
  readonly #outgoing: Outgoing;
  #reading: Reading = 'stopped';
  /** There may be something to read. */
  #canRead = true;
  /** The other side has hung up: reading comes to an end, which nobody tells again. */
  #isOver = false;
  #hasEnded = false;
  #isEnding = false;
  #isEndSent = false;
  #isPumpDue = false;
  /** Waits for its next turn. */
  #hasReadItsShare = false;
  /** Came with the end of the handshake. */
  #early: Buffer | undefined;
  #earlyProgress: TlsProgress = 'wait';

  /** Takes over `fd`, which is watched with `ticket` already. @throws Error where there is no memory for it. */
  constructor(engine: TlsEngine, fd: number, ticket: number, context: number) {
    this.#engine = engine;
    this.#ticket = ticket;
    this.#session = new TlsSession(engine.tls, context);
    this.#fd = fd;
    this.#outgoing = new Outgoing(engine, fd, this.#session);
  }

  get isClosed(): boolean {
    return this.#fd < 0;
  }

  get isWritten(): boolean {
    return this.#outgoing.isEmpty;
  }

  /** Perhaps there is something to read. */
  get canRead(): boolean {
    return this.#canRead && this.#fd >= 0;
  }

  get queuedBytes(): number {
    return this.#outgoing.queuedBytes;
  }

  get tls(): TlsInfo | undefined {
    return this.#session?.info;
  }

  get session(): TlsSession | undefined {
    return this.#session;
  }

  /** One step of the first handshake. 'ended': the client has closed. */
  handshake(): TlsProgress {
    const received = this.#receive();
    if (received === 0) return 'ended';
    if (received instanceof Error) return received;
    const session = this.#session;
    if (received < 0 || session === undefined) return 'wait';
    const progress = session.handshake(received);
    const error = this.#outgoing.sendRecords();
    if (progress !== 'done') return progress;
    if (error !== undefined) return error;
    this.#earlyProgress = session.decrypt();
    if (session.decryptedBytes > 0) {
      this.#early = Buffer.from(this.#engine.area.plain.subarray(0, session.decryptedBytes));
    }
    return this.#outgoing.sendRecords() ?? 'done';
  }

  /** Delivers nothing before it returns. */
  read(how: Reading): void {
    this.#reading = how;
    if (how === 'stopped' || !(this.#canRead || this.#early !== undefined || this.#earlyProgress !== 'wait')) return;
    this.#pumpSoon();
  }

  write(bytes: Uint8Array, done: (() => void) | undefined): void {
    if (this.#fd < 0 || this.#isEnding) this.#engine.dones.add(done);
    else this.#check(this.#outgoing.write(bytes, done));
  }

  /** close_notify and FIN, behind what is queued. */
  end(): void {
    if (this.#fd < 0 || this.#isEnding) return;
    this.#isEnding = true;
    this.#goOnEnding();
  }

  /** Asks for a new handshake. */
  requestHandshake(): boolean {
    if (this.#fd < 0 || this.#session === undefined) return false;
    const isDone = this.#session.requestHandshake();
    this.#check(this.#outgoing.sendRecords());
    return isDone && this.#fd >= 0;
  }

  /** From now on nothing is TLS; writes nothing. */
  leaveTls(): void {
    this.#outgoing.leaveTls();
    this.#session?.free();
    this.#session = undefined;
  }

  /** At once; the owner is not told. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#outgoing.discard();
    this.leaveTls();
    this.#early = undefined;
    this.#engine.readiness.forget(this.#ticket);
    this.#engine.native.kernel.close(fd);
  }

  ready(canRead: boolean, canWrite: boolean, isOver: boolean): void {
    this.#isOver ||= isOver;
    if (canWrite && !this.#outgoing.isEmpty) this.#flush();
    if (!canRead || this.#fd < 0) return;
    this.#canRead = true;
    this.#pump();
  }

  readOn(): void {
    this.#hasReadItsShare = false;
    this.#pump();
  }

  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#engine.isDelivering) {
      this.#pumpSoon();
      return;
    }
    if (this.#reading !== 'stopped' && (this.#early !== undefined || this.#earlyProgress !== 'wait')) this.#takeEarly();
    while (this.#canRead && this.#reading !== 'stopped' && this.#fd >= 0 && !this.#hasEnded && !this.#hasReadItsShare) {
      const received = this.#receive();
      if (received instanceof Error) this.#fail(received);
      else if (received === 0) this.#ended(this.#session === undefined);
      else if (received > 0) this.#take(received);
      this.#engine.dones.run();
      if (typeof received === 'number' && received > 0) {
        this.#hasReadItsShare = !this.#engine.budget.allowsMore(this, received);
      }
    }
  }

  /** How much; 0: the end; -1: nothing yet. */
  #receive(): number | Error {
    const { native, area } = this.#engine;
    const received = native.kernel.recv(this.#fd, area.receivedAddress, READ_BYTES, MSG_DONTWAIT);
    if (received >= 0) {
      // What comes later is told again.
      if (received < READ_BYTES && !this.#isOver) this.#canRead = false;
      return received;
    }
    const error = native.kernel.errno();
    if (error === EINTR) return this.#receive();
    this.#canRead = false;
    return error === EAGAIN ? -1 : systemError(error, 'read');
  }

  #take(received: number): void {
    const { area } = this.#engine;
    const session = this.#session;
    if (session === undefined) {
      this.#deliver(area.received.subarray(0, received));
      return;
    }
    const progress = session.read(received);
    const { decryptedBytes } = session;
    this.#check(this.#outgoing.sendRecords());
    if (decryptedBytes > 0) this.#deliver(area.plain.subarray(0, decryptedBytes));
    this.#progressed(progress);
  }

  #takeEarly(): void {
    const early = this.#early;
    const progress = this.#earlyProgress;
    this.#early = undefined;
    this.#earlyProgress = 'wait';
    if (early !== undefined) this.#deliver(early);
    this.#progressed(progress);
  }

  #deliver(chunk: Buffer): void {
    if (this.#fd < 0 || this.#reading !== 'reading') return;
    this.#engine.isDelivering = true;
    try {
      this.owner?.data(chunk, this.#canRead);
    } finally {
      this.#engine.isDelivering = false;
    }
  }

  #progressed(progress: TlsProgress): void {
    if (this.#fd < 0) return;
    if (progress instanceof Error) this.#fail(progress);
    else if (progress === 'ended') this.#ended(true);
    else {
      this.owner?.progressed();
      if (this.#outgoing.waitsForTls) this.#flush();
    }
  }

  #flush(): void {
    const error = this.#outgoing.flush();
    if (error !== undefined) this.#fail(error);
    else if (this.#outgoing.isEmpty) {
      if (this.#isEnding) this.#goOnEnding();
      else this.owner?.written();
    }
  }

  #goOnEnding(): void {
    if (!this.#outgoing.isEmpty || this.#isEndSent) return;
    this.#isEndSent = true;
    this.#session?.notifyClose();
    this.#outgoing.sendRecords();
    // The kernel had no room for the last 31 bytes: then the connection ends without them.
    this.#engine.native.kernel.shutdown(this.#fd, SHUT_WR);
    this.owner?.written();
  }

  #ended(isOrderly: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.owner?.ended(isOrderly);
  }

  /** Told in a turn of its own where somebody may be writing. */
  #check(error: Error | undefined): void {
    if (error === undefined) return;
    setImmediate(() => this.#fail(error));
  }

  #fail(error: Error): void {
    if (this.#fd < 0) return;
    const { owner } = this;
    this.close();
    owner?.failed(error);
  }
}
