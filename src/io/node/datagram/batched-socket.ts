import type { Datagram, DatagramCounters, DatagramSink } from '../../datagram.ts';
import type { Endpoint } from '../../stream.ts';
import type { Poll } from '../loop-poll.ts';
import { datagramError } from '../errno.ts';
import type { ErrorQueue } from './error-queue.ts';
import { errno, systemError, type Native } from './native.ts';
import { BATCH_MAX, type ReceiveArea } from './receive-area.ts';
import { SendQueue } from './send-queue.ts';
import { portOf, type SocketAddresses } from './socket-address.ts';
import type { OpenSocket } from './socket-setup.ts';
import type { TurnEnd } from './turn-end.ts';

/** Batches that are read in one turn: beyond it the other sockets of the loop have their turn. */
const BATCHES_PER_TURN = 4;
/** The kernel's queue was full: its card needs a moment. */
const RETRY_MS = 1;

export interface BatchedParts {
  readonly native: Native;
  readonly addresses: SocketAddresses;
  readonly area: ReceiveArea;
  readonly errors: ErrorQueue;
  readonly turnEnd: TurnEnd;
}

/** A UDP socket that takes many datagrams from the kernel in one call, and gives it many in one. */
export class BatchedSocket implements Datagram {
  readonly local: Endpoint;
  readonly counters = newCounters();
  readonly #parts: BatchedParts;
  readonly #fd: number;
  readonly #queue: SendQueue;
  #sink: DatagramSink | undefined;
  #poll: Poll | undefined;
  #hasPollFailed = false;
  #isClosed = false;

  constructor(parts: BatchedParts, socket: OpenSocket) {
    this.#parts = parts;
    this.#fd = socket.fd;
    this.local = socket.local;
    this.#queue = new SendQueue(parts.native, socket.fd, this.counters, (index, error) => this.#refused(index, error));
  }

  receive(sink: DatagramSink): void {
    this.#sink = sink;
    if (this.#isClosed || this.#poll !== undefined) return;
    this.#poll = this.#parts.native.poll(this.#fd, (hasFailed) => this.#ready(hasFailed));
  }

  send(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    const to = this.#parts.addresses.rawOf(address);
    const wasEmpty = this.#queue.isEmpty;
    if (to === undefined || !this.#queue.add(bytes, to, port)) this.counters.refusedDatagrams++;
    else if (wasEmpty) this.#parts.turnEnd.add(this);
  }

  flush(): void {
    if (this.#isClosed || this.#queue.isEmpty || this.#queue.flush()) return;
    setTimeout(() => this.flush(), RETRY_MS);
  }

  close(): void {
    if (this.#isClosed) return;
    if (!this.#queue.flush()) this.#queue.discard();
    this.#isClosed = true;
    this.#poll?.close();
    this.#parts.native.close(this.#fd);
  }

  /** In the loop's poll phase, one wake-up after the other: what waits for the check phase costs a datagram alone a fifth more. */
  #ready(hasFailed: boolean): void {
    this.#hasPollFailed ||= hasFailed;
    const sink = this.#sink;
    if (this.#isClosed || sink === undefined) return;
    this.counters.wakeUps++;
    const { turnEnd } = this.#parts;
    turnEnd.begin();
    try {
      this.#readBatches(sink);
    } finally {
      turnEnd.end();
    }
  }

  #readBatches(sink: DatagramSink): void {
    for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
      const count = this.#parts.area.read(this.#fd);
      if (count < 0 && count !== -errno.EAGAIN) this.#hasPollFailed = true;
      // The sink may have closed us: the file descriptor may be another's by now.
      if (count > 0 && !this.#deliver(count, sink)) return;
      if (count < BATCH_MAX) break;
    }
    if (!this.#hasPollFailed) return;
    this.#hasPollFailed = false;
    this.#tellErrors(sink);
    this.#poll?.restart();
  }

  /** False: closed meanwhile. */
  #deliver(count: number, sink: DatagramSink): boolean {
    const { area, addresses } = this.#parts;
    const { names } = area.vector;
    for (let i = 0; i < count; i++) {
      const at = area.nameAt(i);
      const bytes = area.take(i);
      if (this.#isClosed) continue;
      this.counters.receivedDatagrams++;
      this.counters.receivedBytes += bytes.length;
      sink.received(bytes, addresses.textAt(names, at), portOf(names[at]!));
    }
    return !this.#isClosed;
  }

  #tellErrors(sink: DatagramSink): void {
    const { errors } = this.#parts;
    errors.drain(this.#fd, (address, port, error) => {
      this.counters.unreachables++;
      if (!this.#isClosed) sink.refused?.(address, port, datagramError(address, port, systemError(error, 'send')));
    });
  }

  #refused(index: number, error: number): void {
    const [address, port] = [this.#queue.addressOf(index), this.#queue.portOf(index)];
    const why = datagramError(address, port, systemError(error, 'send'));
    setImmediate(() => {
      if (!this.#isClosed) this.#sink?.refused?.(address, port, why);
    });
  }
}

export const newCounters = (): DatagramCounters => ({
  receivedDatagrams: 0,
  receivedBytes: 0,
  wakeUps: 0,
  sentDatagrams: 0,
  sentBytes: 0,
  refusedDatagrams: 0,
  unreachables: 0,
});
