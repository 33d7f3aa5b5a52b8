import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Datagram, DatagramOptions, DatagramSink } from '../../datagram.ts';
import { IoError } from '../../errors.ts';
import type { Endpoint } from '../../stream.ts';
import { asError, bindError, datagramError } from '../errno.ts';
import { newCounters } from './batched-socket.ts';

/** The runtime would ask the resolver even for an address: a third of the cost of a send. */
const noLookup = (
  host: string,
  _options: unknown,
  then: (error: null, address: string, family: number) => void,
): void => then(null, host, isIP(host));

/** A UDP socket of the runtime: one system call for each datagram, on any system. */
export class PlainSocket implements Datagram {
  readonly local: Endpoint;
  readonly counters = newCounters();
  readonly #socket: Socket;
  readonly #family: number;
  #sink: DatagramSink | undefined;
  /** What came before there was a sink. */
  #early: (readonly [bytes: Buffer, from: RemoteInfo])[] = [];
  #isClosed = false;

  private constructor(socket: Socket, family: number) {
    this.#socket = socket;
    this.#family = family;
    const { address, port } = socket.address();
    this.local = { address, port };
    socket.on('message', (bytes, from) => this.#received(bytes, from));
    // The runtime has no address for such an error.
    socket.on('error', () => this.counters.unreachables++);
  }

  /** @throws IoError */
  static bind(options: DatagramOptions): Promise<PlainSocket> {
    const { host, port, reusePort = false, reuseAddress = false, receiveBufferBytes } = options;
    const family = isIP(host);
    if (family === 0) {
      const why = `cannot listen on ${host}:${port}: "${host}" is not an IP address`;
      return Promise.reject(new IoError('ADDRESS_NOT_AVAILABLE', why));
    }
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      reusePort,
      reuseAddr: reuseAddress,
      lookup: noLookup,
      ...(receiveBufferBytes === undefined ? {} : { recvBufferSize: receiveBufferBytes }),
    });
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        socket.close();
        reject(bindError(host, port, error));
      };
      socket.once('error', failed);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', failed);
        resolve(new PlainSocket(socket, family));
      });
    });
  }

  receive(sink: DatagramSink): void {
    this.#sink = sink;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) setImmediate(() => early.forEach(([bytes, from]) => this.#received(bytes, from)));
  }

  send(bytes: Uint8Array, address: string, port: number): void {
    if (this.#isClosed) return;
    // The runtime throws where the system would only say no.
    if (isIP(address) !== this.#family || port < 1) {
      this.counters.refusedDatagrams++;
      return;
    }
    this.#socket.send(bytes, port, address, (error) => {
      if (error === null) {
        this.counters.sentDatagrams++;
        this.counters.sentBytes += bytes.length;
        return;
      }
      this.counters.refusedDatagrams++;
      if (!this.#isClosed) this.#sink?.refused?.(address, port, datagramError(address, port, asError(error)));
    });
  }

  flush(): void {
    // Nothing waits: each datagram is given to the kernel as it comes.
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  #received(bytes: Buffer, from: RemoteInfo): void {
    if (this.#isClosed) return;
    if (this.#sink === undefined) {
      if (this.#early.length < EARLY_MAX) this.#early.push([bytes, from]);
      return;
    }
    this.counters.wakeUps++;
    this.counters.receivedDatagrams++;
    this.counters.receivedBytes += bytes.length;
    this.#sink.received(bytes, from.address, from.port);
  }
}

/** Datagrams that wait for a sink; later ones are lost, as they would be in the kernel. */
const EARLY_MAX = 256;
