import type { RunningListener, ServerIdentity } from './listener.ts';
import type { ByteStream, Endpoint } from './stream.ts';

export interface WebSocketSink {
  /** One message, whole; `bytes` belong to the sink for good. */
  message(bytes: Buffer): void;
  /** The other side has pinged, or answered a ping: it is there. */
  alive(): void;
  /** Once, at the end, however it came; nothing is called afterwards. */
  closed(): void;
}

/** A connection of RFC 6455 with one subprotocol agreed on. Nothing is delivered before `receive`. */
export interface WebSocketChannel {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  readonly isClosed: boolean;
  /** Bytes written but not yet taken by the kernel. */
  readonly queuedBytes: number;
  receive(sink: WebSocketSink): void;
  /** One message: as text where the bytes are UTF-8, else as binary. `bytes` must not be changed any more. */
  send(bytes: Buffer): void;
  /** With a closing handshake; destroys after a short grace. */
  close(): void;
  destroy(): void;
}

export interface WebSocketSettings {
  /** The subprotocol; clients that do not offer it are refused with 400. */
  readonly protocol: string;
  /** The resource that is served, `/sip`; undefined = every one. Others get 404. */
  readonly path?: string;
  /** A longer message ends the connection (1009). */
  readonly messageMaxBytes: number;
  /** A client that has not finished its handshake (TLS, HTTP) after this long is closed. */
  readonly handshakeTimeoutMs: number;
  readonly connected: (channel: WebSocketChannel) => void;
  /** Called once for each admitted connection that ended before it became a channel. */
  readonly abandoned: () => void;
}

export interface WebSocketListenOptions extends WebSocketSettings {
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
  /** With TLS; read at each new connection. undefined = without. */
  readonly identity: (() => ServerIdentity) | undefined;
  /** Told of trouble that the listener survives. */
  readonly troubled?: (error: Error) => void;
  /** False closes the connection at once. */
  readonly admit: (remote: Endpoint) => boolean;
}

export interface WebSockets {
  /** @throws IoError as `Network.listenTls`. */
  listen(options: WebSocketListenOptions): Promise<RunningListener>;
  /** For connections that another listener has accepted. */
  acceptor(settings: WebSocketSettings): WebSocketAcceptor;
}

export interface WebSocketAcceptor {
  /** `unread` begins with the HTTP request. */
  accept(stream: ByteStream, unread: Buffer): void;
  /** Handshakes under way are cut off; channels stay up. */
  close(): void;
}
