import { parseIpAddress } from '#base';
import type { Clock } from './clock.ts';
import type { Datagram, Datagrams } from './datagram.ts';
import type {
  MediaDatagram,
  MediaRemote,
  MediaSink,
  MediaSocket,
  MediaSocketOptions,
  MediaSockets,
} from './media-sockets.ts';
import type { Endpoint } from './stream.ts';

/** Media sockets made of ordinary ones: wherever native calls are not to be had, and in tests. */
export class DatagramMediaSockets implements MediaSockets {
  readonly means: string;
  readonly #datagrams: Datagrams;
  readonly #clock: Clock;

  constructor(datagrams: Datagrams, clock: Clock) {
    this.means = datagrams.means;
    this.#datagrams = datagrams;
    this.#clock = clock;
  }

  open(options: MediaSocketOptions, sink: MediaSink): MediaSocket {
    return new DatagramMediaSocket(this.#datagrams.bind(options), options, sink, this.#clock);
  }

  remote(address: string, port: number): MediaRemote | undefined {
    return parseIpAddress(address) === undefined || port < 1 || port > 65_535 ? undefined : { address, port };
  }
}

class Arrived implements MediaDatagram {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  atMs = 0;
  address = '';
  port = 0;

  isFrom(remote: MediaRemote): boolean {
    return remote.port === this.port && remote.address === this.address;
  }
}

class DatagramMediaSocket implements MediaSocket {
  readonly local: Endpoint;
  #socket: Datagram | undefined;
  #isClosed = false;

  constructor(bound: Promise<Datagram>, { host, port }: MediaSocketOptions, sink: MediaSink, clock: Clock) {
    this.local = { address: host, port };
    const datagram = new Arrived();
    const received = (bytes: Buffer, address: string, from: number): void => {
      datagram.bytes = bytes;
      datagram.length = bytes.length;
      datagram.atMs = clock.nowMs();
      datagram.address = address;
      datagram.port = from;
      sink.received(datagram);
    };
    bound.then(
      (socket) => {
        this.#socket = socket;
        if (this.#isClosed) socket.close();
        else socket.receive({ received });
      },
      (error: unknown) => {
        if (!this.#isClosed) sink.failed(error as Error);
      },
    );
  }

  pass(datagram: MediaDatagram, to: MediaRemote): boolean {
    if (this.#socket === undefined) return false;
    this.#socket.send(datagram.bytes.subarray(0, datagram.length), to.address, to.port);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket?.close();
  }
}
