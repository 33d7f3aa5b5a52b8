import { fixedBuffer, systemError } from '../datagram/native.ts';
import type { Poll } from '../loop-poll.ts';
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLLIN, EVENT_BYTES, EVENT_DATA_AT } from '../media/native.ts';
import type { DoneQueue } from './done-queue.ts';
import type { Kernel } from './native.ts';

/** <sys/epoll.h> */
const EPOLL_CTL_DEL = 2;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x80000000;
const ALL = (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) >>> 0;

/** Sockets that are asked for in one call; the rest is asked for in the next turn of the loop. */
const EVENTS_MAX = 256;

/** Told once when something has changed for the better: what is not used up is not told again. */
export interface Watcher {
  /** `isOver`: the other side sends no more, or the connection is lost; reading tells which. */
  ready(canRead: boolean, canWrite: boolean, isOver: boolean): void;
}

/** One epoll for all connections of the loop, and the loop polls that. */
export class Readiness {
  readonly #kernel: Kernel;
  readonly #dones: DoneQueue;
  readonly #events = fixedBuffer(EVENTS_MAX * EVENT_BYTES);
  readonly #eventsAddress: number;
  readonly #words = new Uint32Array(this.#events.buffer);
  /** By ticket. */
  readonly #watchers = new Map<number, Watcher>();
  #nextTicket = 0;
  #epoll = -1;
  #poll: Poll | undefined;

  /** `dones` are called when all that were ready have been told. */
  constructor(kernel: Kernel, dones: DoneQueue) {
    this.#kernel = kernel;
    this.#dones = dones;
    this.#eventsAddress = kernel.addressOf(this.#events);
  }

  /** Gives the ticket by which it is known from now on. @throws Error where the kernel does not take it. */
  watch(fd: number, watcher: Watcher): number {
    if (this.#epoll < 0) this.#epoll = this.#kernel.epollCreate(EPOLL_CLOEXEC);
    const ticket = this.#nextTicket;
    this.#nextTicket = (ticket + 1) >>> 0;
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(ALL, 0);
    event.writeUInt32LE(ticket, EVENT_DATA_AT);
    if (this.#kernel.epollControl(this.#epoll, EPOLL_CTL_ADD, fd, event) !== 0) {
      throw systemError(this.#kernel.errno(), 'epoll_ctl');
    }
    this.#watchers.set(ticket, watcher);
    this.#poll ??= this.#kernel.poll(this.#epoll, () => this.#turn());
    return ticket;
  }

  /** Somebody else is told from now on. */
  replace(ticket: number, watcher: Watcher): void {
    if (this.#watchers.has(ticket)) this.#watchers.set(ticket, watcher);
  }

  /** The descriptor lives on, elsewhere. */
  release(fd: number, ticket: number): void {
    this.#kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, fd, Buffer.alloc(EVENT_BYTES));
    this.forget(ticket);
  }

  /** To be called right before the descriptor is closed, with which the kernel takes it out. */
  forget(ticket: number): void {
    this.#watchers.delete(ticket);
    if (this.#watchers.size > 0) return;
    this.#poll?.close();
    this.#poll = undefined;
    this.#kernel.close(this.#epoll);
    this.#epoll = -1;
  }

  #turn(): void {
    const words = this.#words;
    this.#dones.beginTurn();
    const count = this.#kernel.epollWait(this.#epoll, this.#eventsAddress, EVENTS_MAX, 0);
    for (let i = 0; i < count; i++) {
      const at = (i * EVENT_BYTES) >> 2;
      const events = words[at]!;
      // One that was closed in this round is nobody's.
      const watcher = this.#watchers.get(words[at + (EVENT_DATA_AT >> 2)]!);
      if (watcher !== undefined) tell(watcher, events);
    }
    this.#dones.endTurn();
  }
}

/** What one throws must not keep the others from being told: nobody tells them again. */
function tell(watcher: Watcher, events: number): void {
  const isOver = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0;
  try {
    watcher.ready(isOver || (events & EPOLLIN) !== 0, isOver || (events & EPOLLOUT) !== 0, isOver);
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
