import type { RunningListener, TcpListenOptions, TlsListenOptions } from '../../listener.ts';
import type { ByteStream } from '../../stream.ts';
import type { WebSocketListenOptions, WebSocketSettings, WebSockets } from '../../web-socket.ts';
import { WebSocketUpgrade } from './upgrade.ts';

export interface WebSocketParts {
  readonly listenTcp: (options: TcpListenOptions) => Promise<RunningListener>;
  readonly listenTls: (options: TlsListenOptions) => Promise<RunningListener>;
}

/** WebSocket servers; the handshake and the frames are the library's. */
export function createNodeWebSockets({ listenTcp, listenTls }: WebSocketParts): WebSockets {
  return {
    async listen(options: WebSocketListenOptions): Promise<RunningListener> {
      const { host, port, reusePort = false, identity, admit, abandoned, handshakeTimeoutMs, troubled } = options;
      const upgrade = new WebSocketUpgrade(options);
      const connected = (stream: ByteStream): void => upgrade.accept(stream, Buffer.alloc(0));
      const common = { host, port, reusePort, admit, connected, ...(troubled === undefined ? {} : { troubled }) };
      const listener =
        identity === undefined
          ? await listenTcp(common)
          : await listenTls({
              ...common,
              identity,
              handshakeTimeoutMs,
              abandoned,
              chooseMaxVersion: () => 'TLSv1.3',
              // Browsers offer HTTP/2 beside it, which they do not use for this.
              alpn: ['http/1.1'],
            });
      return { local: listener.local, close: () => listener.close().finally(() => upgrade.close()) };
    },
    acceptor: (settings: WebSocketSettings) => new WebSocketUpgrade(settings),
  };
}
