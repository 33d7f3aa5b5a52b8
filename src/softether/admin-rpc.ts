import { DecodeError, type Logger } from '#base';
import type { ByteStream, StreamSink } from '#io';
import type {
  AdminChannel,
  AdminConnectionHandler,
  AdminConversation,
  AdminLogin,
} from './admin-connection-handler.ts';
import type { Pack } from './codec/pack.ts';
import { adminPackLimits } from './codec/pack-limits.ts';
import { encodeRpcMessage, RpcReader } from './codec/rpc-framing.ts';

export interface AdminRpcOptions {
  readonly stream: ByteStream;
  readonly connectionName: string;
  readonly clientProduct: string;
  readonly login: AdminLogin;
  readonly handler: AdminConnectionHandler;
  readonly logger: Logger;
  /** Once, when the connection is gone. */
  readonly ended: () => void;
}

/**
 * An administrator's connection after its log-in: `u32 length, PACK` both ways, one request at a time. While a request
 * is being served the stream is paused, so a client that sends ahead fills its own socket, not our memory.
 */
export class AdminRpc implements StreamSink {
  readonly #options: AdminRpcOptions;
  readonly #reader = new RpcReader(adminPackLimits);
  #conversation: AdminConversation | undefined;
  #isServing = false;
  /** Requests are being taken and served; keeps answers at once from nesting. */
  #isLooping = false;
  #isClosed = false;

  constructor(options: AdminRpcOptions) {
    this.#options = options;
  }

  /** `first`: bytes that came in the same chunk as the log-in. */
  start(first: Buffer): void {
    const { stream, handler, login, connectionName, clientProduct } = this.#options;
    const channel: AdminChannel = {
      connectionName,
      remote: stream.remote,
      clientProduct,
      send: (pack) => this.#answer(pack),
      close: () => this.close(),
    };
    this.#conversation = handler.open(login, channel);
    stream.receive(this);
    if (first.length > 0) this.data(first);
  }

  data(chunk: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#reader.push(chunk);
      this.#serveNext();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#options.logger.warn({ connection: this.#options.connectionName, err: error }, 'bad administration message');
      this.close();
    }
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conversation?.closed();
    this.#options.ended();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#options.stream.close();
    this.closed();
  }

  #serveNext(): void {
    this.#isLooping = true;
    while (!this.#isServing && !this.#isClosed) {
      const request = this.#reader.take();
      if (request === undefined) break;
      this.#isServing = true;
      this.#conversation?.receive(request);
    }
    this.#isLooping = false;
    if (this.#isServing && !this.#isClosed) this.#options.stream.pause();
  }

  #answer(pack: Pack): void {
    if (this.#isClosed || !this.#isServing) return;
    this.#isServing = false;
    this.#options.stream.write(encodeRpcMessage(pack));
    // given within `receive`: the loop goes on by itself
    if (this.#isLooping) return;
    this.#options.stream.resume();
    this.data(NOTHING);
  }
}

const NOTHING = Buffer.alloc(0);
