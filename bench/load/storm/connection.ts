import { libc, ssl } from './native.ts';
import { READABLE, WRITABLE, type Poll, type Waiting } from './poll.ts';
import { verdictOf } from './tls.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const EINPROGRESS = 115;
const SHUT_WR = 1;

/** All connections read into it: what comes is looked at before the next read. */
const received = Buffer.allocUnsafeSlow(64 * 1024);
const one = Buffer.from(new Uint32Array([1]).buffer);

export interface ConnectionUser {
  /** TLS is up. */
  secured(): void;
  /** Good until it returns. */
  data(bytes: Buffer): void;
  /** Once, and not after `close`. */
  ended(why: string): void;
}

/** A TCP connection with TLS, by OpenSSL and the kernel themselves. */
export class Connection implements Waiting {
  readonly fd: number;
  readonly tls: number;
  readonly #poll: Poll;
  readonly #user: ConnectionUser;
  #phase: 'connecting' | 'handshake' | 'open' | 'closing' | 'closed' = 'connecting';

  /** `address`: IPv4. @throws Error if it cannot even begin. */
  constructor(poll: Poll, context: number, address: string, port: number, user: ConnectionUser) {
    this.#poll = poll;
    this.#user = user;
    this.fd = libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (this.fd < 0) throw new Error(`socket: error ${libc.errno()}`);
    libc.setsockopt(this.fd, IPPROTO_TCP, TCP_NODELAY, one, one.length);
    const to = socketAddress(address, port);
    if (libc.connect(this.fd, to, to.length) !== 0 && libc.errno() !== EINPROGRESS) {
      throw new Error(`connect to ${address}:${port}: error ${libc.errno()}`);
    }
    this.tls = ssl.create(context);
    ssl.setDescriptor(this.tls, this.fd);
    ssl.setConnecting(this.tls);
    poll.add(this, WRITABLE);
  }

  goOn(): void {
    if (this.#phase === 'connecting') {
      this.#phase = 'handshake';
      this.#poll.change(this, READABLE);
    }
    if (this.#phase === 'handshake') this.#shakeHands();
    else this.#read();
  }

  /** So little that the kernel takes it whole. */
  write(bytes: Buffer): void {
    if (this.#phase !== 'open') return;
    if (ssl.write(this.tls, bytes, bytes.length) !== bytes.length) this.#end('a write that the kernel did not take');
  }

  /** Ends it in order: close_notify, FIN, and then the other side's. */
  close(): void {
    if (this.#phase !== 'open') {
      this.free();
      return;
    }
    this.#phase = 'closing';
    ssl.shutdown(this.tls);
    libc.shutdown(this.fd, SHUT_WR);
  }

  /** At once. */
  free(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#poll.remove(this);
    ssl.free(this.tls);
    libc.close(this.fd);
  }

  get isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #shakeHands(): void {
    const result = ssl.handshake(this.tls);
    if (result === 1) {
      this.#phase = 'open';
      this.#user.secured();
    } else if (verdictOf(this.tls, result) !== 'wait') this.#end('the TLS handshake failed');
  }

  /** A renegotiation runs in here, too. */
  #read(): void {
    while (this.#phase === 'open' || this.#phase === 'closing') {
      const count = ssl.read(this.tls, received, received.length);
      if (count <= 0) {
        const verdict = verdictOf(this.tls, count);
        if (verdict !== 'wait') this.#end(verdict === 'ended' ? 'closed by the server' : 'the connection broke');
        return;
      }
      if (this.#phase === 'open') this.#user.data(received.subarray(0, count));
    }
  }

  #end(why: string): void {
    const wasClosing = this.#phase === 'closing';
    this.free();
    if (!wasClosing) this.#user.ended(why);
  }
}

/** `[u16 family, native][u16 port][4 bytes][8 bytes]` */
function socketAddress(address: string, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}
