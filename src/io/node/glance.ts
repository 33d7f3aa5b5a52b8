import type { Socket } from 'node:net';
import { CLIENT_HELLO_MAX_BYTES } from './client-hello.ts';
import { handleOf } from './socket-internals.ts';
import type { SocketWatch, SystemCalls } from './system-calls.ts';

/**
 * Looks at the first bytes of connections that nobody reads yet, and leaves them where they are. A TLS engine that is
 * handed its first bytes makes do with a receive buffer of 1 and one of 16 KiB for good; one that reads them itself
 * begins with 64 KiB, and then a stream of frames costs a third of the reads.
 */
export class Glances {
  readonly #systemCalls: SystemCalls;
  readonly #buffer = Buffer.allocUnsafeSlow(CLIENT_HELLO_MAX_BYTES);

  constructor(systemCalls: SystemCalls) {
    this.#systemCalls = systemCalls;
  }

  /** What has come already, good until the next look; often all that is wanted, when many come at once. */
  now(socket: Socket): Buffer {
    const fd = handleOf(socket)?.fd ?? -1;
    return this.#buffer.subarray(0, fd < 0 ? 0 : this.#systemCalls.peek(fd, this.#buffer));
  }

  /** `socket` must not be reading. undefined = not possible with this one. */
  at(socket: Socket): Glance | undefined {
    const fd = handleOf(socket)?.fd;
    if (fd === undefined || fd < 0) return undefined;
    try {
      return new Glance(fd, this.#systemCalls, this.#buffer);
    } catch {
      return undefined;
    }
  }
}

/** To be ended before anything else is done with the socket. */
export class Glance {
  readonly #fd: number;
  readonly #systemCalls: SystemCalls;
  readonly #buffer: Buffer;
  readonly #watch: SocketWatch;

  constructor(fd: number, systemCalls: SystemCalls, buffer: Buffer) {
    this.#fd = fd;
    this.#systemCalls = systemCalls;
    this.#buffer = buffer;
    this.#watch = systemCalls.watch(fd);
  }

  /** `seen` gets what has come, nothing at an end; the bytes are good until it returns. */
  onFirst(seen: (bytes: Buffer) => void): void {
    this.#watch.once('readable', () => seen(this.#buffer.subarray(0, this.#systemCalls.peek(this.#fd, this.#buffer))));
  }

  /** The client has closed, or is lost. */
  onGone(gone: () => void): void {
    this.#watch.once('gone', gone);
  }

  end(): void {
    this.#watch.close();
  }
}
