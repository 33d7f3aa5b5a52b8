import { reasonOf } from '#base';
import type { Clock, Http2Dialer, MutualTlsIdentity } from '#io';
import { Link, type RpcStream, type StreamSink } from './link.ts';
import { RpcError, status } from './rpc-error.ts';

export interface EngineTls {
  /** What we show; its common name is who we are for the engine. Its authority vouches for the engine's certificates. */
  readonly identity: MutualTlsIdentity;
  /** What the engine's certificates are made out to; absent = the host of each endpoint. */
  readonly serverName?: string;
}

export interface EndpointOptions {
  readonly host: string;
  readonly port: number;
  readonly http2: Http2Dialer;
  readonly clock: Clock;
  /** Read at each connection: a changed certificate needs no restart. */
  readonly tls: () => EngineTls;
}

const connectTimeoutMs = 1_500;

export const endpointName = ({ host, port }: Pick<EndpointOptions, 'host' | 'port'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** One voter's client port. The connection is made when it is needed, and again when it was lost. */
export class Endpoint {
  readonly name: string;
  readonly #options: EndpointOptions;
  #link: Link | undefined;
  #dialling: Promise<Link> | undefined;
  #isClosed = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.name = endpointName(options);
  }

  /** One request, one answer. @throws RpcError */
  async unary(method: string, request: Uint8Array, timeoutMs: number): Promise<Buffer> {
    const { clock } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    let answer: Buffer | undefined;
    const sink: StreamSink = {
      message: (message) => (answer = message),
      ended: (error) => {
        if (error !== undefined) reject(error);
        else if (answer === undefined) reject(new RpcError(status.unknown, `${this.name} gave no answer`, false));
        else resolve(answer);
      },
    };
    let isSent = false;
    const stream = this.stream(method, sink, timeoutMs, () => (isSent = true));
    const timer = clock.after(timeoutMs, () => {
      stream.cancel();
      const text = `${this.name} has not answered for ${Math.round(timeoutMs)} ms`;
      reject(new RpcError(status.deadlineExceeded, text, !isSent));
    });
    stream.send(request);
    stream.end();
    try {
      return await promise;
    } finally {
      timer.cancel();
    }
  }

  /** A stream in both directions. A failure to connect comes through the sink too. */
  stream(method: string, sink: StreamSink, timeoutMs?: number, opened?: () => void): RpcStream {
    const stream = new EarlyStream();
    const open = (link: Link): void => {
      if (stream.isCancelled) return;
      try {
        stream.opened(link.post(method, sink, timeoutMs));
        opened?.();
      } catch (error) {
        // Closed a moment ago, or it has run out of numbers for requests, as each connection does some day.
        link.destroy('it takes no more requests');
        sink.ended(asRpcError(error));
      }
    };
    if (this.#link?.isOpen === true) open(this.#link);
    else {
      this.#connect().then(open, (error: unknown) => {
        if (!stream.isCancelled) sink.ended(asRpcError(error));
      });
    }
    return stream;
  }

  close(): void {
    this.#isClosed = true;
    this.#link?.destroy('the store is closed');
  }

  #connect(): Promise<Link> {
    if (this.#isClosed) return Promise.reject(new RpcError(status.unavailable, 'the store is closed', true));
    this.#dialling ??= this.#dial();
    return this.#dialling;
  }

  async #dial(): Promise<Link> {
    const { host, port, http2, tls, clock } = this.#options;
    try {
      const options = { host, port, timeoutMs: connectTimeoutMs, ...tls() };
      const connection = await http2.dial(options, { closed: () => undefined });
      this.#link = new Link(connection, this.name, clock);
      if (this.#isClosed) this.close();
      return this.#link;
    } finally {
      this.#dialling = undefined;
    }
  }
}

/** A stream that may be used before its connection is there. */
class EarlyStream implements RpcStream {
  isCancelled = false;
  #stream: RpcStream | undefined;
  #early: ((stream: RpcStream) => void)[] = [];

  opened(stream: RpcStream): void {
    this.#stream = stream;
    for (const act of this.#early.splice(0)) act(stream);
  }

  send(message: Uint8Array): void {
    this.#act((stream) => stream.send(message));
  }

  end(): void {
    this.#act((stream) => stream.end());
  }

  pause(): void {
    this.#act((stream) => stream.pause());
  }

  resume(): void {
    this.#act((stream) => stream.resume());
  }

  cancel(): void {
    this.isCancelled = true;
    this.#early = [];
    this.#stream?.cancel();
  }

  #act(act: (stream: RpcStream) => void): void {
    if (this.#stream !== undefined) act(this.#stream);
    else if (!this.isCancelled) this.#early.push(act);
  }
}

function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const text = reasonOf(error);
  return new RpcError(status.unavailable, text, true, { cause: error });
}
