import { fixedBuffer } from '../datagram/native.ts';
import { NAME_BYTES } from '../datagram/message-vector.ts';
import { portOf, SocketAddresses } from '../datagram/socket-address.ts';
import { plainAddress } from '../endpoint.ts';
import type { Endpoint } from '../../stream.ts';
import type { Kernel } from './native.ts';

/** <bits/socket_type.h> */
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Takes connections from a listening socket. */
export class Acceptor {
  readonly #kernel: Kernel;
  readonly #addresses = new SocketAddresses();
  readonly #name = fixedBuffer(NAME_BYTES);
  readonly #length = fixedBuffer(4);
  readonly #words = new Uint32Array(this.#name.buffer);
  readonly #lengths = new Uint32Array(this.#length.buffer);
  readonly #nameAddress: number;
  readonly #lengthAddress: number;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#nameAddress = kernel.addressOf(this.#name);
    this.#lengthAddress = kernel.addressOf(this.#length);
  }

  /** The file descriptor of the next connection, whose other end `endpoint` tells; below 0: the negative error number. */
  accept(listening: number): number {
    this.#lengths[0] = NAME_BYTES;
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    const fd = this.#kernel.accept4(listening, this.#nameAddress, this.#lengthAddress, flags);
    return fd >= 0 ? fd : -this.#kernel.errno();
  }

  /** Our own end, for `endpoint`. False: the connection has gone. */
  lookAt(fd: number): boolean {
    this.#lengths[0] = NAME_BYTES;
    return this.#kernel.getsockname(fd, this.#nameAddress, this.#lengthAddress) === 0;
  }

  /** What was learnt last. */
  endpoint(): Endpoint {
    return { address: plainAddress(this.#addresses.textAt(this.#words, 0)), port: portOf(this.#words[0]!) };
  }
}
