import { DecodeError } from '#base';
import type { Clock, Http2Connection, Http2Headers, Http2Stream, Timer } from '#io';
import { frame, MessageTooLarge, Unframer } from './framing.ts';
import { answeredError, AnswerTooLarge, RpcError, status } from './rpc-error.ts';

/** A larger answer is refused: nothing that is asked for in pages comes near it. */
const messageMaxBytes = 32 * 1024 * 1024;
/** While requests are open: a machine that hangs is found out so soon. */
const pingEveryMs = 1_000;
const pingTimeoutMs = 1_500;

export interface StreamSink {
  message(message: Buffer): void;
  /** Once; nothing follows. undefined = ended in order. */
  ended(error: RpcError | undefined): void;
}

export interface RpcStream {
  send(message: Uint8Array): void;
  /** Nothing more will be sent. */
  end(): void;
  /** The sink hears nothing any more. */
  cancel(): void;
  pause(): void;
  resume(): void;
}

/** gRPC on one connection, which is given up when the other side shows no sign of life while requests are open. */
export class Link {
  readonly #connection: Http2Connection;
  readonly #name: string;
  readonly #clock: Clock;
  #open = 0;
  /** Something came since the last look. */
  #hasHeard = false;
  #ping: Timer | undefined;
  #silence: Timer | undefined;

  constructor(connection: Http2Connection, name: string, clock: Clock) {
    this.#connection = connection;
    this.#name = name;
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** Requests go out at once. Without `timeoutMs` the stream is open until one side ends it. */
  post(method: string, sink: StreamSink, timeoutMs?: number): RpcStream {
    const unframer = new Unframer(messageMaxBytes);
    let isEnded = false;
    const end = (): boolean => {
      if (isEnded) return false;
      isEnded = true;
      this.#closedOne();
      return true;
    };
    const fail = (error: RpcError | undefined): void => {
      if (end()) sink.ended(error);
    };
    const take = (chunk: Buffer): void => {
      this.#hasHeard = true;
      try {
        for (const message of unframer.add(chunk)) if (!isEnded) sink.message(message);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        stream.cancel();
        fail(this.#unreadable(error));
      }
    };
    const stream: Http2Stream = this.#connection.post(method, headersOf(timeoutMs), {
      answered: () => undefined,
      data: take,
      ended: (outcome) => {
        if (outcome.kind === 'done') fail(this.#judge(outcome.trailers));
        else
          fail(new RpcError(status.unavailable, outcome.error.message, outcome.isUntouched, { cause: outcome.error }));
      },
    });
    this.#openedOne();
    return {
      send: (message) => stream.write(frame(message)),
      end: () => stream.end(),
      cancel: () => {
        if (end()) stream.cancel();
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
  }

  destroy(why: string): void {
    this.#ping?.cancel();
    this.#silence?.cancel();
    this.#connection.destroy(why);
  }

  #unreadable(cause: DecodeError): RpcError {
    const text = `${this.#name} sent ${cause.message}`;
    if (cause instanceof MessageTooLarge) return new AnswerTooLarge(text, { cause });
    return new RpcError(status.unknown, text, false, { cause });
  }

  #judge(trailers: Http2Headers): RpcError | undefined {
    const code = Number(trailers['grpc-status'] ?? status.unknown);
    return code === status.ok ? undefined : answeredError(code, trailers['grpc-message'] ?? '', this.#name);
  }

  #openedOne(): void {
    this.#open++;
    if (this.#open === 1) this.#armPing();
  }

  #closedOne(): void {
    this.#open--;
    // The engine takes pings without an open request for an attack.
    if (this.#open > 0) return;
    this.#ping?.cancel();
    this.#silence?.cancel();
    this.#silence = undefined;
  }

  #armPing(): void {
    this.#ping?.cancel();
    this.#hasHeard = false;
    this.#ping = this.#clock.after(pingEveryMs, () => {
      if (this.#hasHeard) {
        this.#armPing();
        return;
      }
      const why = `no sign of life for ${pingTimeoutMs} ms`;
      const silence = this.#clock.after(pingTimeoutMs, () => this.destroy(why));
      this.#silence = silence;
      const answered = (): void => {
        silence.cancel();
        if (this.#open > 0 && this.isOpen) this.#armPing();
      };
      this.#connection.ping().then(answered, () => silence.cancel());
    });
  }
}

function headersOf(timeoutMs: number | undefined): Record<string, string> {
  const headers = {
    'content-type': 'application/grpc',
    te: 'trailers',
    // A voter without a leader refuses at once, so that another one is asked.
    hasleader: 'true',
  };
  return timeoutMs === undefined ? headers : { ...headers, 'grpc-timeout': `${Math.ceil(timeoutMs)}m` };
}
