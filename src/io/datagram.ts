import type { Endpoint } from './stream.ts';

export interface DatagramOptions {
  /** An address of this machine; `0.0.0.0` = every IPv4 address, `::` = every IPv6 address (and no IPv4 one). */
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Several processes or threads may bind the same address and port; the kernel spreads the senders (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Beside a socket of the same port on another address: one on a single address, another on all of them (SO_REUSEADDR). */
  readonly reuseAddress?: boolean;
  /** The byte of IP_TOS, IPV6_TCLASS (RFC 2474: the class shifted left by two); 0–255. Absent: as the system does. */
  readonly typeOfService?: number;
  /** SO_RCVBUF: what may wait in the kernel while the loop is busy. The system may give less. */
  readonly receiveBufferBytes?: number;
}

/** What a reader of datagrams is told. Everything is said in a turn of its own, in which promises and ticks run. */
export interface DatagramSink {
  /**
   * `bytes` belong to the sink for good and are not overwritten; several datagrams may share one allocation of 64 KiB,
   * so what is kept for long should be copied. `address` as `Endpoint.address`; link-local IPv6 with its zone.
   */
  received(bytes: Buffer, address: string, port: number): void;
  /** An earlier datagram was refused there: nobody listens, no route (ICMP). Only where the system tells. */
  refused?(address: string, port: number, error: Error): void;
}

export interface DatagramCounters {
  receivedDatagrams: number;
  receivedBytes: number;
  /** Wake-ups of the loop for this socket: received datagrams / wake-ups = how many came at once. */
  wakeUps: number;
  sentDatagrams: number;
  sentBytes: number;
  /** Not taken by the kernel: its queue is full, no route, too long for the path, no such address. */
  refusedDatagrams: number;
  /** Reported by other machines (ICMP). */
  unreachables: number;
}

/** A UDP socket. */
export interface Datagram {
  readonly local: Endpoint;
  readonly counters: Readonly<DatagramCounters>;
  /** Starts delivery, or replaces the sink. What came before is delivered first; nothing from within this call. */
  receive(sink: DatagramSink): void;
  /**
   * Queues one datagram; it leaves at the end of this turn of the loop, or earlier when many wait. `bytes` must not be
   * changed any more. What the kernel does not take is lost and counted, as it could be lost on its way.
   * @param address IPv4 or IPv6 text, of the socket's family.
   */
  send(bytes: Uint8Array, address: string, port: number): void;
  /** What was queued leaves now. */
  flush(): void;
  /** What was queued leaves first. Nothing is delivered afterwards. */
  close(): void;
}

export interface Datagrams {
  /** How it moves datagrams, for people: `recvmmsg/sendmmsg`, `one by one`. */
  readonly means: string;
  /** @throws IoError ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE, NO_PERMISSION, with address, port and what to do. */
  bind(options: DatagramOptions): Promise<Datagram>;
  /**
   * The address from which this machine would send to `remote`. Nothing is sent.
   * @throws IoError UNREACHABLE: no route.
   */
  sourceFor(remote: string): Promise<string>;
  /** Of all interfaces that are up, now. */
  interfaceAddresses(): readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  /** IPv4 or IPv6 text, without a zone. */
  readonly address: string;
  readonly prefixLength: number;
}
