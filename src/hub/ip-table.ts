/** One address in use behind a port. Ticks are the seconds that were passed in. */
export interface IpEntry {
  readonly key: number;
  /** 4 or 16 bytes. */
  readonly address: Buffer;
  readonly macAddress: Buffer;
  readonly port: number;
  readonly isDhcpAllocated: boolean;
  readonly createdTick: number;
  readonly updatedTick: number;
}

/** An address as a map key: an IPv4 address as a number, an IPv6 address as 16 characters of one byte. */
export type IpKey = number | string;

interface Row {
  readonly key: number;
  readonly ip: IpKey;
  macHi: number;
  macLo: number;
  port: number;
  isDhcpAllocated: boolean;
  createdTick: number;
  updatedTick: number;
}

export interface IpTableLimits {
  readonly maxIpEntries: number;
  readonly ipExpirySeconds: number;
  readonly dhcpIpExpirySeconds: number;
}

/**
 * Which IP addresses were seen on which port. Off the hot path: a port that goes on with the same address does not come
 * here. At the cap the entry that was made first gives way. `seed` hides the hash of IPv4 addresses from their senders.
 */
export class IpTable {
  readonly #limits: IpTableLimits;
  readonly #seed: number;
  readonly #removed: (port: number, ip: IpKey) => void;
  readonly #rows = new Map<IpKey, Row>();
  #nextKey = 1;

  /** `removed` is told of each row that goes, whatever the reason, and of the old port of one that moves. */
  constructor(limits: IpTableLimits, seed: number, removed: (port: number, ip: IpKey) => void) {
    this.#limits = limits;
    this.#seed = seed | 0;
    this.#removed = removed;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The port of an address, -1 if it is not known. */
  find(ip: IpKey): number {
    return this.#row(ip)?.port ?? -1;
  }

  updatedTick(ip: IpKey): number {
    return this.#row(ip)?.updatedTick ?? -1;
  }

  isDhcpAllocated(ip: IpKey): boolean {
    return this.#row(ip)?.isDhcpAllocated ?? false;
  }

  /** Adds the address, moves it to this port or notes that it is in use. True = the port did not have it before. */
  set(ip: IpKey, port: number, macHi: number, macLo: number, tick: number): boolean {
    const row = this.#row(ip);
    if (row === undefined) {
      this.#add(ip, port, macHi, macLo, tick, false);
      return true;
    }
    const isNew = row.port !== port;
    if (isNew) this.#removed(row.port, ip);
    row.port = port;
    row.macHi = macHi;
    row.macLo = macLo;
    row.updatedTick = tick;
    return isNew;
  }

  /** A DHCP server has given the address to whoever is behind this port. True = the port did not have it before. */
  setDhcpAllocated(ip: IpKey, port: number, macHi: number, macLo: number, tick: number): boolean {
    const isNew = this.set(ip, port, macHi, macLo, tick);
    const row = this.#row(ip)!;
    row.isDhcpAllocated = true;
    row.createdTick = tick;
    return isNew;
  }

  expire(tick: number): void {
    const { ipExpirySeconds, dhcpIpExpirySeconds } = this.#limits;
    for (const [mapKey, row] of this.#rows) {
      const age = tick - row.updatedTick;
      if (age >= (row.isDhcpAllocated ? dhcpIpExpirySeconds : ipExpirySeconds)) this.#delete(mapKey, row);
    }
  }

  removePort(port: number): void {
    for (const [mapKey, row] of this.#rows) if (row.port === port) this.#delete(mapKey, row);
  }

  /** Returns the port that had the row, -1 if there is no such row. */
  removeKey(key: number): number {
    for (const [mapKey, row] of this.#rows) {
      if (row.key !== key) continue;
      this.#delete(mapKey, row);
      return row.port;
    }
    return -1;
  }

  entries(): IpEntry[] {
    return Array.from(this.#rows.values(), (row) => {
      const macAddress = Buffer.allocUnsafe(6);
      macAddress.writeUInt16BE(row.macHi & 0xffff, 0);
      macAddress.writeInt32BE(row.macLo, 2);
      const address = typeof row.ip === 'string' ? Buffer.from(row.ip, 'latin1') : Buffer.allocUnsafe(4);
      if (typeof row.ip === 'number') address.writeInt32BE(row.ip, 0);
      const { key, port, isDhcpAllocated, createdTick, updatedTick } = row;
      return { key, address, macAddress, port, isDhcpAllocated, createdTick, updatedTick };
    });
  }

  #mapKey(ip: IpKey): IpKey {
    return typeof ip === 'number' ? ip ^ this.#seed : ip;
  }

  #row(ip: IpKey): Row | undefined {
    return this.#rows.get(this.#mapKey(ip));
  }

  #add(ip: IpKey, port: number, macHi: number, macLo: number, tick: number, isDhcpAllocated: boolean): void {
    if (this.#rows.size >= this.#limits.maxIpEntries) {
      for (const [mapKey, row] of this.#rows) {
        this.#delete(mapKey, row);
        break;
      }
    }
    const key = this.#nextKey;
    this.#nextKey = (key % 0x7fff_ffff) + 1;
    const row = { key, ip, macHi, macLo, port, isDhcpAllocated, createdTick: tick, updatedTick: tick };
    this.#rows.set(this.#mapKey(ip), row);
  }

  #delete(mapKey: IpKey, row: Row): void {
    this.#rows.delete(mapKey);
    this.#removed(row.port, row.ip);
  }
}
