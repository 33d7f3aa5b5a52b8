import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { EncryptionDrop } from './encryption-drop.ts';
import { handleOf } from './socket-internals.ts';

const HEADER_BYTES = 5;
/** RFC 5246 §6.2.1, RFC 8446 §5.1: change_cipher_spec … application_data. */
const FIRST_TYPE = 20;
const LAST_TYPE = 23;
const MAJOR_VERSION = 3;

/**
 * Stands between a TCP connection and TLS, and lets through whole TLS records only. A server that goes over to clear text
 * may send its first clear bytes in the same segment as its last record; given to TLS they would be lost and break it. So
 * they stay here, in the TCP socket's own buffer, until the TLS layer is gone.
 */
export class RecordGate extends Duplex {
  readonly #tcp: Socket;
  #header: Buffer | undefined;
  #isWanted = false;
  #isHolding = false;
  #isReleased = false;
  #hasEnded = false;

  constructor(tcp: Socket) {
    super();
    this.#tcp = tcp;
    tcp.on('readable', this.#fill).on('end', this.#end).on('error', this.#fail).on('close', this.#close);
  }

  /** The TCP connection has come to its end; TLS cannot be the one that said so. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  hold(): void {
    this.#isHolding = true;
  }

  release(): Socket {
    this.hold();
    this.#isReleased = true;
    const tcp = this.#tcp;
    tcp.off('readable', this.#fill).off('end', this.#end).off('error', this.#fail).off('close', this.#close);
    if (this.#header !== undefined) tcp.unshift(this.#header);
    return tcp;
  }

  override _read(): void {
    this.#isWanted = true;
    this.#fill();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isReleased) done();
    else this.#tcp.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isReleased) done();
    else this.#tcp.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isReleased) this.#tcp.destroy();
    done(error);
  }

  readonly #fill = (): void => {
    while (this.#isWanted && !this.#isHolding) {
      const header = (this.#header ??= this.#take(HEADER_BYTES));
      if (header === undefined) return;
      if (!isRecordStart(header)) {
        this.hold();
        this.#header = undefined;
        this.#tcp.unshift(header);
        return;
      }
      const bodyBytes = header.length < HEADER_BYTES ? 0 : header.readUInt16BE(HEADER_BYTES - 2);
      const body = bodyBytes === 0 ? Buffer.alloc(0) : this.#take(bodyBytes);
      if (body === undefined) return;
      this.#header = undefined;
      this.#isWanted = this.push(Buffer.concat([header, body]));
    }
  };

  /** Less than `bytes` only at the end of the connection. */
  #take(bytes: number): Buffer | undefined {
    const taken: unknown = this.#tcp.read(bytes);
    return Buffer.isBuffer(taken) ? taken : undefined;
  }

  readonly #end = (): void => {
    this.#hasEnded = true;
    this.push(null);
  };

  readonly #fail = (error: Error): void => {
    this.destroy(error);
  };

  readonly #close = (): void => {
    this.destroy();
  };
}

const isRecordStart = (header: Buffer): boolean =>
  header[0]! >= FIRST_TYPE && header[0]! <= LAST_TYPE && (header.length < 2 || header[1] === MAJOR_VERSION);

export function gateDrop(gate: RecordGate, tls: TLSSocket): EncryptionDrop {
  return {
    hold: () => gate.hold(),
    release: () => {
      const tcp = gate.release();
      // Frees its memory now; without it the garbage collector does.
      handleOf(tls)?.destroySSL?.();
      return tcp;
    },
  };
}
