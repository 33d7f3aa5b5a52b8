import type { SocketPort } from '../session-socket.ts';
import type { ServerWatch } from './server-watch.ts';

/** Where the destination stands in a record: `[u32 size][frame …]`. */
const DESTINATION = 4;
const GROUP_BIT = 1;

/** Hands frames on, and tells the watch of those that are for one station. A run's frames have equal addresses. */
export class WatchedPort implements SocketPort {
  readonly #port: SocketPort;
  readonly #watch: Pick<ServerWatch, 'came'>;

  constructor(port: SocketPort, watch: Pick<ServerWatch, 'came'>) {
    this.#port = port;
    this.#watch = watch;
  }

  receive(buf: Buffer, from: number, to: number, frames: number): void {
    if ((buf[from + DESTINATION]! & GROUP_BIT) === 0) this.#watch.came();
    this.#port.receive(buf, from, to, frames);
  }

  endOfRead(): void {
    this.#port.endOfRead();
  }

  release(block: Buffer): void {
    this.#port.release(block);
  }
}
