/**
 * A device that carries Ethernet frames: TAP, or a physical interface through AF_PACKET.
 * Frames travel as records `[u32 size][frame]`, big-endian, the form in which the hub keeps them.
 */
export interface EthernetDevice {
  readonly name: string;
  /** 6 bytes. */
  readonly macAddress: Buffer;
  /** Absent where nobody counts. */
  readonly counters?: Readonly<EthernetCounters>;
  /** What hinders it, in words for the administrator, with the command that helps; it may change while the device works. */
  notices?(): readonly string[];
  /** `records` holds `count` records in [from, to) and is overwritten when `frames` returns. */
  receive(sink: EthernetSink): void;
  /** Writes `count` records of buf[from, to). Returns how many the device took; the rest is lost (no queue here). */
  send(buf: Buffer, from: number, to: number, count: number): number;
  /** The sink is not told. */
  close(): void;
}

export interface EthernetCounters {
  receivedFrames: number;
  sentFrames: number;
  /** Received, but longer than a hub carries: dropped. */
  oversizedFrames: number;
  /** Not taken by the kernel: interface down, queue full, too long. */
  refusedFrames: number;
}

export interface EthernetSink {
  frames(records: Buffer, from: number, to: number, count: number): void;
  /** Once; the device is gone (deleted, interface removed, I/O error). */
  closed(error: Error | undefined): void;
}

/** Errors are IoErrors that name the interface and say what to do. */
export interface EthernetDevices {
  /** Names of physical interfaces that a bridge may use. */
  list(): Promise<readonly string[]>;
  /**
   * Makes a TAP interface (up, without address); it exists as long as the device is open.
   * @throws IoError NAME_TAKEN, BAD_NAME, NO_PERMISSION (CAP_NET_ADMIN), NOT_AVAILABLE (no /dev/net/tun, no koffi).
   */
  openTap(name: string): Promise<EthernetDevice>;
  /**
   * Joins a physical interface: TAP in a Linux bridge where it already is in one, else AF_PACKET.
   * @throws IoError NO_SUCH_DEVICE, NO_PERMISSION, NOT_USABLE (not Ethernet, part of a bond), NOT_AVAILABLE.
   */
  openInterface(name: string): Promise<EthernetDevice>;
  /**
   * Sets an address (CIDR) and brings the interface up or down. IPv4 replaces the first address, IPv6 adds one.
   * @throws IoError NO_SUCH_DEVICE, BAD_ADDRESS, NO_PERMISSION.
   */
  configure(
    name: string,
    settings: { readonly addressCidr?: string; readonly mtu?: number; readonly up: boolean },
  ): Promise<void>;
}
