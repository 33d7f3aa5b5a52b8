import type { Clock, Random } from '../clock.ts';

export interface PipeSettings {
  readonly clock: Clock;
  /** Of the machine that writes. Absent = as `clock`. */
  readonly writerClock?: Clock;
  /** Cuts what arrives into chunks of random length up to `maxChunkBytes`. */
  readonly random: Random;
  readonly latencyMs: number;
  readonly maxChunkBytes: number;
  /** Bytes that fit on the way and in the receiver's buffer; what is written above that waits at the sender. */
  readonly windowBytes: number;
}

export interface PipeReader {
  /** False: not now; `readable()` tells when. */
  readonly canRead: boolean;
  /** Its machine does nothing: not even an end is told to it now. */
  readonly isAsleep: boolean;
  /** TLS takes no clear bytes and a clear stream no records: what is of the other kind waits for the right reader. */
  readonly isClear: boolean;
  chunk(bytes: Buffer): void;
  end(how: PipeEnd): void;
}

/** `orderly` = the sender closed (TLS: after close_notify), `unclean` = its TCP connection ended, `reset` = broken. */
export type PipeEnd = 'orderly' | 'unclean' | 'reset';

interface Arrived {
  readonly bytes: Buffer;
  readonly isClear: boolean;
}

interface Unsent {
  readonly bytes: Uint8Array;
  readonly isClear: boolean;
  taken: number;
  readonly done: (() => void) | undefined;
}

/** Bytes from one end of a connection to the other, in order, with latency and a window. */
export class OneWayPipe {
  readonly #settings: PipeSettings;
  readonly #unsent: Unsent[] = [];
  readonly #arrived: Arrived[] = [];
  #reader: PipeReader | undefined;
  #unsentBytes = 0;
  #windowUsed = 0;
  #end: PipeEnd | undefined;
  #hasSentEnd = false;
  #hasEndArrived = false;
  #isSilent = false;
  /** Packets get lost, and are sent again: what should have arrived meanwhile. */
  readonly #heldBack: (() => void)[] = [];
  #isHeld = false;
  #isDelivering = false;

  constructor(settings: PipeSettings) {
    this.#settings = settings;
  }

  /** Written, and not yet on its way. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Everything that is sent from now on vanishes; nobody is told. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Nothing arrives until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** What was held back arrives after the latency, and before what was sent later. */
  release(): void {
    this.#isHeld = false;
    this.#settings.clock.after(this.#settings.latencyMs, () => {
      if (this.#isHeld) return;
      for (const arrive of this.#heldBack.splice(0)) arrive();
      this.readable();
    });
  }

  write(bytes: Uint8Array, isClear: boolean, done: (() => void) | undefined): void {
    this.#unsent.push({ bytes, isClear, taken: 0, done });
    this.#unsentBytes += bytes.length;
    this.#send();
  }

  /** After everything written before. */
  end(how: PipeEnd): void {
    this.#end ??= how;
    this.#send();
  }

  /** Drops what was not sent, and ends: in order if nothing had to be dropped. */
  abort(how: PipeEnd): void {
    const cut = this.#unsentBytes > 0 ? 'unclean' : how;
    for (const { done } of this.#unsent.splice(0)) if (done !== undefined) this.#writerClock.soon(done);
    this.#unsentBytes = 0;
    this.end(cut);
  }

  /** Bytes that are there already come first. The reader before gets nothing more. */
  attach(reader: PipeReader): void {
    this.#reader = reader;
    this.#settings.clock.soon(() => this.readable());
  }

  readable(): void {
    if (this.#isDelivering || this.#reader?.isAsleep === true) return;
    if (this.#hasEndArrived && this.#end === 'reset') this.#deliverEnd();
    this.#isDelivering = true;
    for (let first = this.#arrived[0]; first !== undefined; first = this.#arrived[0]) {
      if (this.#reader?.canRead !== true || this.#reader.isClear !== first.isClear) break;
      this.#deliver(first, this.#reader);
    }
    this.#isDelivering = false;
    if (this.#reader?.canRead === true && this.#arrived.length === 0 && this.#hasEndArrived) this.#deliverEnd();
    this.#send();
  }

  get #writerClock(): Clock {
    return this.#settings.writerClock ?? this.#settings.clock;
  }

  #deliver({ bytes, isClear }: Arrived, reader: PipeReader): void {
    const length = Math.min(bytes.length, 1 + this.#settings.random.below(this.#settings.maxChunkBytes));
    if (length === bytes.length) this.#arrived.shift();
    else this.#arrived[0] = { bytes: bytes.subarray(length), isClear };
    this.#windowUsed -= length;
    reader.chunk(bytes.subarray(0, length));
  }

  #deliverEnd(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.end(this.#end ?? 'unclean');
  }

  #send(): void {
    const { windowBytes } = this.#settings;
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const rest = first.bytes.length - first.taken;
      const length = Math.min(rest, windowBytes - this.#windowUsed);
      if (length === 0 && rest > 0) return;
      const bytes = Buffer.from(first.bytes.subarray(first.taken, first.taken + length));
      first.taken += length;
      this.#unsentBytes -= length;
      this.#windowUsed += length;
      const { isClear } = first;
      if (length > 0) this.#onWire(() => this.#arrived.push({ bytes, isClear }));
      if (length < rest) return;
      this.#unsent.shift();
      if (first.done !== undefined) this.#writerClock.soon(first.done);
    }
    if (this.#end === undefined || this.#hasSentEnd) return;
    this.#hasSentEnd = true;
    this.#onWire(() => {
      // A broken connection is noticed at once, by those too who do not read; what was on the way is lost.
      this.#hasEndArrived = true;
    });
  }

  #onWire(arrive: () => void): void {
    if (this.#isSilent) return;
    this.#settings.clock.after(this.#settings.latencyMs, () => {
      if (this.#isSilent) return;
      if (this.#isHeld || this.#heldBack.length > 0) {
        this.#heldBack.push(arrive);
        return;
      }
      arrive();
      this.readable();
    });
  }
}
