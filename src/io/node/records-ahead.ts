import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { handleOf, type SocketHandle } from './socket-internals.ts';

/** What a record of application data has besides its data: header, nonce, tag, content type (RFC 5246 §6.2.3.3, RFC 8446 §5.2). */
const OVERHEAD_TLS13 = 22;
const OVERHEAD_GCM = 29;
const OVERHEAD_CHACHA = 21;

/**
 * Whether a read from the network has brought more TLS records than were handed out: the runtime decrypts and hands out
 * one record at a time, and does not say which is the last. Found by counting bytes, so it is a guess: other records (a
 * renegotiation, an alert) and the beginning of a record that is not whole yet count as more.
 */
export class RecordsAhead {
  readonly #carrier: SocketHandle | undefined;
  readonly #socket: Socket;
  #overhead: number | undefined;
  #readBytes = 0;
  /** Of what was read, so much has not been handed out. */
  #aheadBytes = 0;

  /** From now on: nothing that was read before counts. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#carrier = handleOf(socket)?._parent;
    this.#readBytes = this.#carrier?.bytesRead ?? 0;
  }

  /** To be called for each record, with the length of its data. False where this runtime does not count. */
  isMoreThan(length: number): boolean {
    const readBytes = this.#carrier?.bytesRead;
    if (readBytes === undefined) return false;
    const overhead = (this.#overhead ??= overheadOf(this.#socket));
    const record = length + overhead;
    if (readBytes !== this.#readBytes) {
      // The beginning of a record would have been a part of this one: what is longer was no data.
      if (this.#aheadBytes >= record) this.#aheadBytes = 0;
      this.#aheadBytes += readBytes - this.#readBytes;
      this.#readBytes = readBytes;
    }
    this.#aheadBytes = Math.max(this.#aheadBytes - record, 0);
    return this.#aheadBytes > overhead;
  }
}

function overheadOf(socket: Socket): number {
  if (!(socket instanceof TLSSocket)) return 0;
  if (socket.getProtocol() === 'TLSv1.3') return OVERHEAD_TLS13;
  return socket.getCipher().name.includes('CHACHA') ? OVERHEAD_CHACHA : OVERHEAD_GCM;
}
