const initialSlots = 256;

/** One row, copied out of the table. `macAddress`: 6 bytes. Ticks are the seconds that were passed in. */
export interface MacEntry {
  readonly key: number;
  readonly macAddress: Buffer;
  readonly vlanId: number;
  readonly port: number;
  readonly createdTick: number;
  readonly updatedTick: number;
}

/**
 * Which port a MAC address was seen on. Open addressing with linear probing in typed arrays: a look-up touches two or
 * three words and allocates nothing. An address is two integers: `hi` = VLAN id ‖ first 16 bits, `lo` = last 32 bits.
 * Removal closes the gap, so there are no tombstones. `seed` keeps senders from choosing addresses that collide.
 */
export class MacTable {
  readonly #maxEntries: number;
  readonly #seed: number;
  #columns = new Columns(initialSlots);
  #mask = initialSlots - 1;
  #size = 0;
  #nextKey = 1;

  constructor(maxEntries: number, seed: number) {
    this.#maxEntries = maxEntries;
    this.#seed = seed | 0;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#maxEntries;
  }

  /** The port of an address, -1 if it is not known. */
  find(hi: number, lo: number): number {
    const slot = this.#slot(hi, lo);
    return this.#columns.hi[slot] === -1 ? -1 : this.#columns.port[slot]!;
  }

  /** Notes that the address is in use if it is on this port already; else false and nothing is changed. */
  refresh(hi: number, lo: number, port: number, tick: number): boolean {
    const slot = this.#slot(hi, lo);
    if (this.#columns.hi[slot] === -1 || this.#columns.port[slot] !== port) return false;
    this.#columns.updated[slot] = tick;
    return true;
  }

  /** Tick of last use; the address must be in the table. */
  updatedTick(hi: number, lo: number): number {
    return this.#columns.updated[this.#slot(hi, lo)]!;
  }

  /** Adds the address, or moves it to this port. False = the table is full. */
  set(hi: number, lo: number, port: number, tick: number): boolean {
    let slot = this.#slot(hi, lo);
    if (this.#columns.hi[slot] === -1) {
      if (this.isFull) return false;
      if (this.#size * 2 >= this.#columns.hi.length) {
        this.#resize(this.#columns.hi.length * 2);
        slot = this.#slot(hi, lo);
      }
      this.#columns.hi[slot] = hi;
      this.#columns.lo[slot] = lo;
      this.#columns.key[slot] = this.#nextKey;
      this.#nextKey = (this.#nextKey % 0x7fff_ffff) + 1;
      this.#size++;
    }
    this.#columns.port[slot] = port;
    this.#columns.updated[slot] = tick;
    this.#columns.created[slot] = tick;
    return true;
  }

  /** Removes what was last used before `tick`; `dropped` is told the port of each entry. */
  expireBefore(tick: number, dropped: (port: number) => void): void {
    const { hi, port, updated } = this.#columns;
    for (let slot = 0; slot < hi.length; slot++) {
      while (hi[slot] !== -1 && updated[slot]! < tick) {
        dropped(port[slot]!);
        this.#removeAt(slot);
      }
    }
    if (hi.length > initialSlots && this.#size * 8 < hi.length) this.#resize(hi.length / 2);
  }

  removePort(id: number): void {
    const { hi, port } = this.#columns;
    for (let slot = 0; slot < hi.length; slot++) {
      while (hi[slot] !== -1 && port[slot] === id) this.#removeAt(slot);
    }
  }

  /** Removes the row with this key. Returns the port that had it, -1 if there is no such row. */
  removeKey(rowKey: number): number {
    const { hi, port, key } = this.#columns;
    for (let slot = 0; slot < hi.length; slot++) {
      if (hi[slot] === -1 || key[slot] !== rowKey) continue;
      const id = port[slot]!;
      this.#removeAt(slot);
      return id;
    }
    return -1;
  }

  entries(): MacEntry[] {
    const { hi, lo, port, created, updated, key } = this.#columns;
    const rows: MacEntry[] = [];
    for (let slot = 0; slot < hi.length; slot++) {
      if (hi[slot] === -1) continue;
      const macAddress = Buffer.allocUnsafe(6);
      macAddress.writeUInt16BE(hi[slot]! & 0xffff, 0);
      macAddress.writeInt32BE(lo[slot]!, 2);
      rows.push({
        key: key[slot]!,
        macAddress,
        vlanId: hi[slot]! >>> 16,
        port: port[slot]!,
        createdTick: created[slot]!,
        updatedTick: updated[slot]!,
      });
    }
    return rows;
  }

  /** Where the address is, or the free slot where it would go. The table is never full, so the search ends. */
  #slot(hi: number, lo: number): number {
    const mask = this.#mask;
    const his = this.#columns.hi;
    const los = this.#columns.lo;
    let slot = this.#home(hi, lo);
    while (his[slot] !== -1 && (los[slot] !== lo || his[slot] !== hi)) slot = (slot + 1) & mask;
    return slot;
  }

  #home(hi: number, lo: number): number {
    let hash = Math.imul(lo ^ this.#seed, 0x9e37_79b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ hi, 0x85eb_ca6b);
    return (hash ^ (hash >>> 14)) & this.#mask;
  }

  /** Closes the gap: an entry further on in the cluster moves here if its own search comes past this slot. */
  #removeAt(slot: number): void {
    const mask = this.#mask;
    const columns = this.#columns;
    let gap = slot;
    for (let next = (gap + 1) & mask; columns.hi[next] !== -1; next = (next + 1) & mask) {
      const home = this.#home(columns.hi[next]!, columns.lo[next]!);
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      columns.copyRow(columns, next, gap);
      gap = next;
    }
    columns.hi[gap] = -1;
    this.#size--;
  }

  #resize(slots: number): void {
    const old = this.#columns;
    this.#columns = new Columns(slots);
    this.#mask = slots - 1;
    for (let slot = 0; slot < old.hi.length; slot++) {
      if (old.hi[slot] !== -1) this.#columns.copyRow(old, slot, this.#slot(old.hi[slot]!, old.lo[slot]!));
    }
  }
}

/** `hi` −1 = a free slot. */
class Columns {
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  readonly port: Int32Array;
  readonly updated: Int32Array;
  readonly created: Int32Array;
  readonly key: Int32Array;

  constructor(slots: number) {
    this.hi = new Int32Array(slots).fill(-1);
    this.lo = new Int32Array(slots);
    this.port = new Int32Array(slots);
    this.updated = new Int32Array(slots);
    this.created = new Int32Array(slots);
    this.key = new Int32Array(slots);
  }

  copyRow(from: Columns, source: number, target: number): void {
    this.hi[target] = from.hi[source]!;
    this.lo[target] = from.lo[source]!;
    this.port[target] = from.port[source]!;
    this.updated[target] = from.updated[source]!;
    this.created[target] = from.created[source]!;
    this.key[target] = from.key[source]!;
  }
}
