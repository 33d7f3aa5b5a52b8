import type { ThreadPort } from '#io';
import type { MemberId } from '../member-id.ts';
import type { Carrier, CarrierSink } from './carrier.ts';

/** The reader says after so many bytes how many it has had. */
const CONFIRM_BYTES = 64 * 1024;

interface Written {
  readonly bytes: number;
  readonly done: () => void;
}

/**
 * Bytes through a channel between two threads. A message is either bytes, or the number of bytes that the reader has had since
 * it said so last: a thread that hangs is noticed by what waits for it.
 */
export class PortCarrier implements Carrier {
  readonly proven: { readonly member: MemberId };
  readonly isLasting = true;
  readonly remote: string;
  readonly #port: ThreadPort;
  #unconfirmed: Written[] = [];
  /** Bytes confirmed that do not yet make up the first of `unconfirmed`. */
  #credit = 0;
  #toConfirm = 0;
  #sink: CarrierSink | undefined;
  #isClosed = false;

  constructor(other: MemberId, port: ThreadPort) {
    this.proven = { member: other };
    this.remote = `thread ${other}`;
    this.#port = port;
    port.onClosed(() => this.#end('its thread has ended, or closed the channel'));
  }

  write(bytes: Buffer, done: () => void): void {
    if (this.#isClosed) {
      queueMicrotask(done);
      return;
    }
    // A copy without the rest of the memory: all of that would be cloned with it.
    this.#port.post(new Uint8Array(bytes));
    this.#unconfirmed.push({ bytes: bytes.length, done });
  }

  receive(sink: CarrierSink): void {
    this.#sink = sink;
    this.#port.receive((message) => {
      if (typeof message === 'number') this.#confirmed(message);
      else if (message instanceof Uint8Array) this.#data(message);
    });
  }

  close(): void {
    this.#end('closed by this member');
  }

  destroy(): void {
    this.#end('closed by this member');
  }

  #data(bytes: Uint8Array): void {
    this.#sink?.data(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#toConfirm += bytes.length;
    if (this.#toConfirm < CONFIRM_BYTES) return;
    this.#port.post(this.#toConfirm);
    this.#toConfirm = 0;
  }

  #confirmed(bytes: number): void {
    this.#credit += bytes;
    let used = 0;
    for (const { bytes: length, done } of this.#unconfirmed) {
      if (this.#credit < length) break;
      this.#credit -= length;
      used++;
      done();
    }
    this.#unconfirmed.splice(0, used);
  }

  #end(cause: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    for (const { done } of this.#unconfirmed.splice(0)) queueMicrotask(done);
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(cause);
  }
}
