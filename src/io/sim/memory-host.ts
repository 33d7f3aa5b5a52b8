import type { Clock } from '../clock.ts';
import type { Network, TcpNetwork } from '../listener.ts';
import type { MutualTlsNetwork } from '../mutual-tls.ts';
import type { HostClock } from './host-clock.ts';

export interface HostParts {
  readonly address: string;
  readonly clock: HostClock;
  readonly network: Network & TcpNetwork & MutualTlsNetwork;
  readonly woken: () => void;
  readonly ended: (how: 'killed' | 'powerOff') => void;
}

/**
 * One program on one machine in memory, from its start to its end: give it this clock and this network, and it can be stopped
 * and killed. Started again it is another `MemoryHost` with the same address.
 */
export class MemoryHost {
  readonly address: string;
  readonly clock: Clock;
  readonly network: Network & TcpNetwork & MutualTlsNetwork;
  readonly #parts: HostParts;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.address = parts.address;
    this.clock = parts.clock;
    this.network = parts.network;
  }

  /** SIGSTOP: its kernel goes on to take bytes and connections, the program does nothing. */
  freeze(): void {
    this.#parts.clock.sleep();
  }

  /** SIGCONT */
  thaw(): void {
    this.#parts.clock.wake(this.#parts.woken);
  }

  /** kill -9: the others hear at once that its connections have ended. */
  kill(): void {
    this.#parts.clock.die();
    this.#parts.ended('killed');
  }

  /** The machine is without power: nobody hears anything, ever. */
  powerOff(): void {
    this.#parts.clock.die();
    this.#parts.ended('powerOff');
  }

  /** Its time of day jumps; monotonic time does not. */
  setWallClockOff(byMs: number): void {
    this.#parts.clock.setWallClockOff(byMs);
  }
}
