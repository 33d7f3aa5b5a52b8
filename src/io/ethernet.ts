/**
 * A device that carries Ethernet frames: TAP, or a physical interface through AF_PACKET.
 * Frames travel as records `[u32 size][frame]`, big-endian, the form in which the hub keeps them.
 */
export interface EthernetDevice {
  readonly name: string;
  /** 6 bytes. */
  readonly macAddress: Buffer;
  /** `records` holds `count` records in [from, to) and is overwritten when `frames` returns. */
  receive(sink: EthernetSink): void;
  /** Writes `count` records of buf[from, to). Returns how many the device took; the rest is lost (no queue here). */
  send(buf: Buffer, from: number, to: number, count: number): number;
  close(): void;
}

export interface EthernetSink {
  frames(records: Buffer, from: number, to: number, count: number): void;
  /** Once; the device is gone (deleted, interface removed, I/O error). */
  closed(error: Error | undefined): void;
}

export interface EthernetDevices {
  /** Names of physical interfaces that a bridge may use. */
  list(): Promise<readonly string[]>;
  /** Makes a TAP interface (up, without address). Errors: name taken, no CAP_NET_ADMIN, no /dev/net/tun. */
  openTap(name: string): Promise<EthernetDevice>;
  /** Joins a physical interface: TAP in a Linux bridge where it already is in one, else AF_PACKET. */
  openInterface(name: string): Promise<EthernetDevice>;
  /** Sets an address (CIDR) and brings the interface up. */
  configure(
    name: string,
    settings: { readonly addressCidr?: string; readonly mtu?: number; readonly up: boolean },
  ): Promise<void>;
}
