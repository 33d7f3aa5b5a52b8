import { libc } from './native.ts';

/** <sys/epoll.h> */
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
export const READABLE = 1;
export const WRITABLE = 4;
/** It is packed on x86-64 alone: `[u32 events][u64 data]` */
const DATA_AT = process.arch === 'x64' ? 4 : 8;
const EVENT_BYTES = DATA_AT + 8;
const EVENTS_AT_ONCE = 256;

/** What waits for the kernel's word that it can go on. */
export interface Waiting {
  readonly fd: number;
  goOn(): void;
}

/**
 * Sockets that are waited for without the runtime's loop: for as long as log-ins are being counted nothing else happens in
 * this process.
 */
export class Poll {
  readonly #fd: number;
  readonly #event = Buffer.alloc(EVENT_BYTES);
  readonly #events = Buffer.alloc(EVENT_BYTES * EVENTS_AT_ONCE);
  readonly #waiting = new Map<number, Waiting>();

  constructor() {
    this.#fd = libc.epollCreate(0);
    if (this.#fd < 0) throw new Error(`epoll_create1: error ${libc.errno()}`);
  }

  add(waiting: Waiting, events: number): void {
    this.#waiting.set(waiting.fd, waiting);
    this.#control(EPOLL_CTL_ADD, waiting.fd, events);
  }

  change(waiting: Waiting, events: number): void {
    this.#control(EPOLL_CTL_MOD, waiting.fd, events);
  }

  remove(waiting: Waiting): void {
    this.#waiting.delete(waiting.fd);
    this.#control(EPOLL_CTL_DEL, waiting.fd, 0);
  }

  /** Lets those go on that can, for as long as `isWanted`, but not after `untilMs`. */
  run(untilMs: number, isWanted: () => boolean): void {
    while (isWanted()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return;
      const count = libc.epollWait(this.#fd, this.#events, EVENTS_AT_ONCE, Math.ceil(leftMs));
      for (let index = 0; index < count; index++) {
        this.#waiting.get(this.#events.readInt32LE(index * EVENT_BYTES + DATA_AT))?.goOn();
      }
    }
  }

  #control(operation: number, fd: number, events: number): void {
    this.#event.writeUInt32LE(events, 0);
    this.#event.writeInt32LE(fd, DATA_AT);
    if (libc.epollControl(this.#fd, operation, fd, this.#event) !== 0) {
      throw new Error(`epoll_ctl: error ${libc.errno()}`);
    }
  }
}
