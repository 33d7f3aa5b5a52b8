import type { Clock } from '../../clock.ts';
import type { MediaRemote, MediaSink, MediaSocket, MediaSocketOptions, MediaSockets } from '../../media-sockets.ts';
import type { Endpoint } from '../../stream.ts';
import { fixedBuffer, MSG_DONTWAIT } from '../datagram/native.ts';
import { AF_INET, SIZE_4, SIZE_6, SocketAddresses } from '../datagram/socket-address.ts';
import { openSocket } from '../datagram/socket-setup.ts';
import type { Poll } from '../loop-poll.ts';
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLLIN, EVENT_BYTES, EVENT_DATA_AT, type Native } from './native.ts';
import { NativeRemote, ReceivedDatagram } from './received-datagram.ts';

/** Sockets that are asked for in one call. */
const EVENTS_MAX = 256;
/** Then the rest of the loop has its turn. */
const ROUNDS_PER_TURN = 4;
/** How long datagrams are counted to know how many come. */
const WINDOW_MS = 16;
/** While many come, they are gathered for so long: each wake-up costs as much as two of them. */
const GATHER_MS = 1;
/** Datagrams per millisecond from which that pays. */
export const GATHER_FROM = 4;

/**
 * One epoll for all media sockets of the loop, and the loop polls that: a wake-up finds all sockets that have something, and
 * for each of them costs one call to receive and one to send. Each has one datagram at a time, so there is no batch to make.
 */
export class EpollMediaSockets implements MediaSockets {
  readonly means = 'epoll';
  readonly #native: Native;
  readonly #clock: Clock;
  readonly #addresses = new SocketAddresses();
  readonly #epoll: number;
  readonly #events = fixedBuffer(EVENTS_MAX * EVENT_BYTES);
  readonly #eventsAddress: number;
  readonly #words: Uint32Array;
  readonly #datagram: ReceivedDatagram;
  /** By the number that epoll has for them. */
  readonly #sockets: (EpollMediaSocket | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #gatherFrom: number;
  readonly #gathered = (): void => this.#gatheredTurn();
  #poll: Poll | undefined;
  #timer: NodeJS.Timeout | undefined;
  #windowBeganMs = 0;
  #windowCount = 0;
  #isBusy = false;

  /** @param gatherFrom see `GATHER_FROM`; Infinity: never. */
  constructor(native: Native, clock: Clock, gatherFrom = GATHER_FROM) {
    this.#native = native;
    this.#clock = clock;
    this.#gatherFrom = gatherFrom;
    this.#epoll = native.epollCreate(EPOLL_CLOEXEC);
    this.#eventsAddress = native.addressOf(this.#events);
    this.#words = new Uint32Array(this.#events.buffer);
    this.#datagram = new ReceivedDatagram(native, this.#addresses);
  }

  open(options: MediaSocketOptions, sink: MediaSink): MediaSocket {
    const { fd, local } = openSocket(this.#native, this.#addresses, { ...options, keepsErrors: false });
    const number = this.#freeNumbers.pop() ?? this.#sockets.length;
    const socket = new EpollMediaSocket(this.#native, fd, local, sink, () => this.#closed(number));
    this.#sockets[number] = socket;
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeUInt32LE(number, EVENT_DATA_AT);
    this.#native.epollControl(this.#epoll, EPOLL_CTL_ADD, fd, event);
    this.#poll ??= this.#native.poll(this.#epoll, () => this.#wokenTurn());
    return socket;
  }

  remote(address: string, port: number): MediaRemote | undefined {
    const raw = this.#addresses.rawOf(address);
    return raw === undefined || port < 1 || port > 65_535 ? undefined : new NativeRemote(this.#native, raw, port);
  }

  /** In the loop's poll phase: promises do not run after it. Nobody on a packet's way waits for one. */
  #wokenTurn(): void {
    this.#turn();
    if (!this.#isBusy || this.#poll === undefined) return;
    this.#poll.stop();
    this.#timer = setTimeout(this.#gathered, GATHER_MS);
  }

  #gatheredTurn(): void {
    this.#turn();
    if (this.#poll === undefined) return;
    if (this.#isBusy) this.#timer?.refresh();
    else this.#poll.restart();
  }

  #turn(): void {
    const native = this.#native;
    const words = this.#words;
    const datagram = this.#datagram;
    for (let round = 0; round < ROUNDS_PER_TURN; round++) {
      const count = native.epollWait(this.#epoll, this.#eventsAddress, EVENTS_MAX, 0);
      datagram.atMs = this.#clock.nowMs();
      this.#count(count, datagram.atMs);
      for (let i = 0; i < count; i++) {
        // Closed by what another one received, in this very round.
        const socket = this.#sockets[words[(i * EVENT_BYTES + EVENT_DATA_AT) >> 2]!];
        if (socket !== undefined && datagram.read(socket.fd)) socket.sink.received(datagram);
      }
      if (count < EVENTS_MAX) return;
    }
  }

  #count(datagrams: number, nowMs: number): void {
    this.#windowCount += datagrams;
    const passedMs = nowMs - this.#windowBeganMs;
    if (passedMs < WINDOW_MS) return;
    this.#isBusy = this.#windowCount >= passedMs * this.#gatherFrom;
    this.#windowBeganMs = nowMs;
    this.#windowCount = 0;
  }

  #closed(number: number): void {
    this.#sockets[number] = undefined;
    this.#freeNumbers.push(number);
    if (this.#freeNumbers.length < this.#sockets.length) return;
    clearTimeout(this.#timer);
    this.#isBusy = false;
    this.#poll?.close();
    this.#poll = undefined;
  }
}

class EpollMediaSocket implements MediaSocket {
  readonly local: Endpoint;
  readonly fd: number;
  readonly sink: MediaSink;
  readonly #native: Native;
  readonly #closed: () => void;
  #isClosed = false;

  constructor(native: Native, fd: number, local: Endpoint, sink: MediaSink, closed: () => void) {
    this.#native = native;
    this.fd = fd;
    this.local = local;
    this.sink = sink;
    this.#closed = closed;
  }

  pass(datagram: ReceivedDatagram, to: NativeRemote): boolean {
    if (this.#isClosed) return false;
    const { family, nameAddress } = to;
    const size = family === AF_INET ? SIZE_4 : SIZE_6;
    return this.#native.sendto(this.fd, datagram.place, datagram.length, MSG_DONTWAIT, nameAddress, size) >= 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed();
    // The kernel takes it out of the epoll.
    this.#native.close(this.fd);
  }
}
