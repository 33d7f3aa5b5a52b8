import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { IoError } from '../errors.ts';
import { handleOf } from './socket-internals.ts';

/** Kept free of connections: the database, logs and child processes need some even when clients take all they get. */
const RESERVE_SHARE = 0.1;
const RESERVE_MAX = 64;

/**
 * The runtime closes connections silently when no file descriptor is left, and files fail then too. The kernel gives out the
 * lowest free number, so the number of a new connection tells how many are in use.
 */
export class DescriptorReserve {
  readonly #limit: number;
  readonly #highest: number;

  constructor(limit: number = descriptorLimit()) {
    this.#limit = limit;
    this.#highest = limit - Math.min(RESERVE_MAX, Math.ceil(limit * RESERVE_SHARE));
  }

  /** undefined = there is room for this connection. */
  refuse(socket: Socket): IoError | undefined {
    return this.refuseDescriptor(handleOf(socket)?.fd ?? 0);
  }

  refuseDescriptor(fd: number): IoError | undefined {
    if (fd < this.#highest) return undefined;
    const advice = 'raise the limit (`ulimit -n`, LimitNOFILE=)';
    return new IoError('TOO_MANY_FILES', `connection refused: ${fd} of ${this.#limit} files are open: ${advice}`);
  }
}

/** Infinity where it cannot be known. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
