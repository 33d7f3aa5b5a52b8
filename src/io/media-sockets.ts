import type { Endpoint } from './stream.ts';

export interface MediaSocketOptions {
  /** An address of this machine; `0.0.0.0` = every IPv4 address, `::` = every IPv6 address (and no IPv4 one). */
  readonly host: string;
  readonly port: number;
  /** The byte of IP_TOS, IPV6_TCLASS; 0–255. Absent: as the system does. */
  readonly typeOfService?: number;
}

/** Another machine's address and port in a form that costs nothing to send to and to compare with. */
export type MediaRemote = Endpoint;

/** The datagram that has just come. It is the same object each time: what it says holds until `received` returns. */
export interface MediaDatagram {
  /** Memory of the sockets; the datagram is the first `length` of it. */
  readonly bytes: Uint8Array;
  readonly length: number;
  /** When the kernel gave it to us; milliseconds of the clock. */
  readonly atMs: number;
  /** Where it came from, as text. */
  readonly address: string;
  readonly port: number;
  isFrom(remote: MediaRemote): boolean;
}

export interface MediaSink {
  /** Many times a second: takes no memory, waits for nothing, throws nothing. */
  received(datagram: MediaDatagram): void;
  /** The socket is closed: it could not be bound after all, or broke. */
  failed(error: Error): void;
}

/** A UDP socket that passes what comes on through another one. */
export interface MediaSocket {
  readonly local: Endpoint;
  /** Sends `datagram` from here; false: the kernel did not take it, it is lost. */
  pass(datagram: MediaDatagram, to: MediaRemote): boolean;
  /** Nothing is delivered afterwards, and the port is free. */
  close(): void;
}

/** UDP sockets by the thousand, of which each gets few datagrams: nothing is kept, copied or gathered. */
export interface MediaSockets {
  /** How they move datagrams, for people: `epoll`, `one by one`. */
  readonly means: string;
  /**
   * At once. Where the system cannot be asked at once, `failed` tells later.
   * @throws IoError ADDRESS_IN_USE, ADDRESS_NOT_AVAILABLE, NO_PERMISSION, with address, port and what to do.
   */
  open(options: MediaSocketOptions, sink: MediaSink): MediaSocket;
  /** undefined: not an address, or no port. */
  remote(address: string, port: number): MediaRemote | undefined;
}
