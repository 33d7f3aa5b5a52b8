import type { HubLimits } from './limits.ts';
import { MacTable } from './mac-table.ts';
import type { HubPort } from './port.ts';

/** Learns the MAC addresses behind ports from the frames that they send, and enforces the limits on them (§10.2). */
export class MacLearner {
  readonly table: MacTable;
  /** Frames whose source was new while the table was full. */
  tableFullFrames = 0;
  readonly #limits: HubLimits;
  readonly #portOf: (id: number) => HubPort | undefined;
  #expiredTick = 0;

  constructor(limits: HubLimits, seed: number, portOf: (id: number) => HubPort | undefined) {
    this.table = new MacTable(limits.maxMacEntries, seed);
    this.#limits = limits;
    this.#portOf = portOf;
  }

  /**
   * A frame from this address has come on `port`. False = the port may not use it: drop the frame. To be asked when the
   * source is not the one of the port's last frame, or a second has passed.
   */
  admits(port: HubPort, hi: number, lo: number, tick: number): boolean {
    // A group address is no source (IEEE 802.3 §3.2.3): nothing to learn, and nothing to remember.
    if ((hi & 0x100) !== 0) return true;
    if (!this.table.refresh(hi, lo, port.id, tick) && !this.#learn(port, hi, lo, tick)) return false;
    port.lastMacHi = hi;
    port.lastMacLo = lo;
    port.lastMacTick = tick;
    return true;
  }

  /** Removes what is too old. */
  expire(tick: number): void {
    this.#expiredTick = tick;
    this.table.expireBefore(tick - this.#limits.macExpirySeconds, (id) => this.#lost(id));
  }

  /** The port is gone. */
  forget(port: HubPort): void {
    if (port.macCount > 0) this.table.removePort(port.id);
  }

  /** False = no such row. */
  delete(key: number): boolean {
    const id = this.table.removeKey(key);
    if (id === -1) return false;
    this.#lost(id);
    return true;
  }

  #learn(port: HubPort, hi: number, lo: number, tick: number): boolean {
    const { table } = this;
    const owner = table.find(hi, lo);
    if (owner === -1) {
      if ((table.isFull || port.macCount >= port.limits.mac) && this.#expiredTick !== tick) this.expire(tick);
    } else if (port.refusesTakenMac && table.updatedTick(hi, lo) + this.#limits.exclusiveSeconds >= tick) {
      return false;
    }
    // The limit holds for addresses taken over too: the original lets a session collect any number of those.
    if (port.macCount >= port.limits.mac) return false;
    if (!table.set(hi, lo, port.id, tick)) {
      this.tableFullFrames++;
      return false;
    }
    port.macCount++;
    if (owner !== -1) this.#lost(owner);
    return true;
  }

  /** One address of this port has left the table or moved: the count goes down, the cache may be wrong. */
  #lost(id: number): void {
    const port = this.#portOf(id);
    if (port === undefined) return;
    port.macCount--;
    port.lastMacTick = -1;
  }
}
