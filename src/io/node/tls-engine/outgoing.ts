import { systemError } from '../datagram/native.ts';
import type { TlsEngine } from './engine.ts';
import { EAGAIN, EINTR, MSG_DONTWAIT, MSG_NOSIGNAL } from './native.ts';
import { SLICE_BYTES } from './record-area.ts';
import type { TlsSession } from './tls-session.ts';

const FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;

type Done = (() => void) | undefined;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly done: Done;
}

/** What is written to a connection, on its way to the kernel. Methods give the error that ended the connection. */
export class Outgoing {
  readonly #engine: TlsEngine;
  readonly #fd: number;
  #session: TlsSession | undefined;
  /** The kernel did not take it; as it goes over the wire. */
  #rest: Uint8Array | undefined;
  #restDone: Done;
  /** Comes after the rest, and is not encrypted yet. */
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;

  constructor(engine: TlsEngine, fd: number, session: TlsSession | undefined) {
    this.#engine = engine;
    this.#fd = fd;
    this.#session = session;
  }

  get isEmpty(): boolean {
    return this.#rest === undefined && this.#waiting === undefined;
  }

  /** Not the kernel, but a handshake is in the way: it goes on when something has been read. */
  get waitsForTls(): boolean {
    return !this.#isBlocked && this.#waiting !== undefined;
  }

  /** The kernel takes no more for now. */
  get #isBlocked(): boolean {
    return this.#rest !== undefined;
  }

  get queuedBytes(): number {
    return (this.#rest?.length ?? 0) + this.#waitingBytes;
  }

  /** What is written from now on goes out as it is. */
  leaveTls(): void {
    this.#session = undefined;
  }

  write(bytes: Uint8Array, done: Done): Error | undefined {
    if (this.isEmpty) return this.#begin(bytes, done);
    this.#wait(bytes, done);
    return undefined;
  }

  /** Goes on when the kernel may take more, or TLS may go on. */
  flush(): Error | undefined {
    if (this.#rest !== undefined) {
      const error = this.#sendRest(this.#rest);
      if (error !== undefined || this.#isBlocked) return error;
    }
    const waiting = this.#waiting;
    if (waiting === undefined) return undefined;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    for (let i = 0; i < waiting.length; i++) {
      const { bytes, done } = waiting[i]!;
      const error = this.write(bytes, done);
      if (error === undefined) continue;
      for (const left of waiting.slice(i + 1)) this.#engine.dones.add(left.done);
      return error;
    }
    return undefined;
  }

  /** Records that TLS has written by itself. */
  sendRecords(): Error | undefined {
    return this.#engine.area.outLength === 0 ? undefined : this.#emit();
  }

  /** What waits is lost. */
  discard(): void {
    const { dones } = this.#engine;
    dones.add(this.#restDone);
    for (const { done } of this.#waiting ?? []) dones.add(done);
    this.#rest = undefined;
    this.#restDone = undefined;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
  }

  #wait(bytes: Uint8Array, done: Done): void {
    (this.#waiting ??= []).push({ bytes, done });
    this.#waitingBytes += bytes.length;
  }

  #begin(bytes: Uint8Array, done: Done): Error | undefined {
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      const slice = length <= SLICE_BYTES ? bytes : bytes.subarray(at, at + SLICE_BYTES);
      const error = this.#put(slice);
      if (error === 'wait') {
        this.#wait(bytes.subarray(at), done);
        return undefined;
      }
      at += slice.length;
      if (error !== undefined) {
        this.#engine.dones.add(done);
        return error;
      }
      if (this.#rest === undefined) continue;
      if (at < length) this.#wait(bytes.subarray(at), done);
      else this.#restDone = done;
      return undefined;
    }
    this.#engine.dones.add(done);
    return undefined;
  }

  #put(slice: Uint8Array): Error | 'wait' | undefined {
    if (this.#session === undefined) return this.#sendRest(slice);
    const progress = this.#session.encrypt(slice);
    if (progress instanceof Error) return progress;
    const error = this.sendRecords();
    if (error !== undefined || progress === 'done') return error;
    return 'wait';
  }

  /** What the kernel does not take of the records in the area is kept. */
  #emit(): Error | undefined {
    const { area, native } = this.#engine;
    const { kernel } = native;
    const length = area.outLength;
    const address = area.outAddress;
    const sent = this.#rest === undefined ? this.#sent(kernel.send(this.#fd, address, length, FLAGS)) : 0;
    if (sent instanceof Error) {
      area.clearOut();
      return sent;
    }
    if (sent < length) {
      const before = this.#rest;
      const kept = Buffer.allocUnsafeSlow(length - sent);
      kernel.copy(kept, address + sent, kept.length);
      this.#rest = before === undefined ? kept : Buffer.concat([before, kept]);
    }
    area.clearOut();
    return undefined;
  }

  #sendRest(bytes: Uint8Array): Error | undefined {
    const sent = this.#sent(this.#engine.native.kernel.sendBytes(this.#fd, bytes, bytes.length, FLAGS));
    if (sent instanceof Error) return sent;
    if (sent < bytes.length) {
      this.#rest = sent === 0 ? bytes : bytes.subarray(sent);
      return undefined;
    }
    this.#rest = undefined;
    this.#engine.dones.add(this.#restDone);
    this.#restDone = undefined;
    return undefined;
  }

  #sent(result: number): number | Error {
    if (result >= 0) return result;
    const error = this.#engine.native.kernel.errno();
    return error === EAGAIN || error === EINTR ? 0 : systemError(error, 'write');
  }
}
