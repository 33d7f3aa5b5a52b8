import type { PortPool } from './port-pool.ts';
import type { PortSource, StreamPorts } from './stream-ports.ts';

/**
 * Ports for a call that another member has set up. Those that it has are taken out of the pool where they are in it; others, of
 * another member's range or of an address that has moved here, belong to nobody when they are given back.
 */
export class RestoredPorts implements PortSource {
  readonly #pool: PortPool;
  readonly #foreign = new Set<number>();

  constructor(pool: PortPool, ports: readonly (StreamPorts | undefined)[]) {
    this.#pool = pool;
    for (const pair of ports) {
      for (const port of pair === undefined ? [] : [pair.a, pair.b]) {
        if (!pool.claim(port)) this.#foreign.add(port);
      }
    }
  }

  take(): number | undefined {
    return this.#pool.take();
  }

  give(port: number): void {
    if (!this.#foreign.delete(port)) this.#pool.give(port);
  }

  isTaken(port: number): boolean {
    return this.#foreign.has(port - (port % 2)) || this.#pool.isTaken(port);
  }
}
