import { DecodeError, HubfarmError } from '#base';
import type { ByteStream, Clock, StreamSink } from '#io';
import { encodeJoinMessage } from './codec/encode.ts';
import { FrameReader } from './codec/frame.ts';
import { joinLimits } from './codec/join-limits.ts';
import type { ControllerMessage } from './codec/controller-message.ts';
import type { MemberMessage } from './codec/member-message.ts';

/** The other side is gone, silent, or says what cannot be understood. */
export class ChannelError extends HubfarmError {
  readonly reason: 'closed' | 'silent' | 'garbled';
  constructor(reason: 'closed' | 'silent' | 'garbled', message: string, options?: ErrorOptions) {
    super('CHANNEL', message, options);
    this.reason = reason;
  }
}

/** Messages over a stream, one asked for at a time. */
export class JoinChannel<Incoming> implements StreamSink {
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #decode: (value: unknown) => Incoming;
  readonly #reader = new FrameReader();
  #maxMessageBytes: number = joinLimits.maxEarlyMessageBytes;
  #waiting: { readonly resolve: (message: Incoming) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: ChannelError | undefined;

  constructor(stream: ByteStream, clock: Clock, decode: (value: unknown) => Incoming) {
    this.#stream = stream;
    this.#clock = clock;
    this.#decode = decode;
    stream.receive(this);
  }

  /** Long messages are read only from who has proven the password. */
  trust(): void {
    this.#maxMessageBytes = joinLimits.maxMessageBytes;
  }

  send(message: MemberMessage | ControllerMessage): void {
    this.#stream.write(encodeJoinMessage(message));
  }

  /** @throws ChannelError */
  async next(timeoutMs: number): Promise<Incoming> {
    const { promise, resolve, reject } = Promise.withResolvers<Incoming>();
    this.#waiting = { resolve, reject };
    const timer = this.#clock.after(timeoutMs, () =>
      this.#fail(new ChannelError('silent', `no answer within ${timeoutMs / 1000} s`)),
    );
    this.#deliver();
    try {
      return await promise;
    } finally {
      timer.cancel();
      this.#waiting = undefined;
    }
  }

  close(): void {
    this.#stream.close();
  }

  data(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    // Nobody has reason to send more than one message ahead.
    if (this.#reader.waitingBytes + chunk.length > 2 * this.#maxMessageBytes) {
      this.#fail(new ChannelError('garbled', 'it sends more than it may'));
      return;
    }
    this.#reader.push(chunk);
    this.#deliver();
  }

  closed({ error }: Parameters<StreamSink['closed']>[0]): void {
    const why = error === undefined ? 'it closed the connection' : error.message;
    this.#failure ??= new ChannelError('closed', why, error === undefined ? {} : { cause: error });
    this.#deliver();
  }

  #deliver(): void {
    if (this.#waiting === undefined) return;
    try {
      const value = this.#reader.take(this.#maxMessageBytes);
      if (value !== undefined) {
        const { resolve } = this.#waiting;
        const message = this.#decode(value);
        this.#waiting = undefined;
        resolve(message);
        return;
      }
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      this.#failure = new ChannelError('garbled', `it said something that cannot be read: ${cause.message}`, { cause });
    }
    if (this.#failure !== undefined) this.#fail(this.#failure);
  }

  #fail(failure: ChannelError): void {
    this.#failure = failure;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(failure);
  }
}
