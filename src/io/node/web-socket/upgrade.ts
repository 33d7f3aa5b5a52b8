import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ByteStream } from '../../stream.ts';
import type { WebSocketAcceptor, WebSocketSettings } from '../../web-socket.ts';
import { createServer } from '../http-module.ts';
import { NodeWebSocketChannel } from './channel.ts';

/** Keeps NAT boxes and HTTP proxies between from forgetting a connection (RFC 7118 §6); many do so after a minute. */
const PING_MS = 25_000;
const PINGS_MAX = 2;

/** The handshake of RFC 6455 §4.2, for connections that somebody else has accepted. */
export class WebSocketUpgrade implements WebSocketAcceptor {
  readonly #settings: WebSocketSettings;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  /** Connections in their handshake. */
  readonly #arriving = new Map<Duplex, ByteStream>();
  readonly #channels = new Set<NodeWebSocketChannel>();
  #pings: NodeJS.Timeout | undefined;

  constructor(settings: WebSocketSettings) {
    this.#settings = settings;
    const { protocol, messageMaxBytes } = settings;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: messageMaxBytes,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: () => protocol,
    });
    this.#http = createServer((_request, response) => {
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' });
      response.end(`This port speaks WebSocket with the subprotocol "${protocol}" only.\n`);
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  accept(stream: ByteStream, unread: Buffer): void {
    const socket = stream.handOver(unread);
    this.#arriving.set(socket, stream);
    const deadline = setTimeout(() => {
      if (this.#arriving.has(socket)) socket.destroy();
    }, this.#settings.handshakeTimeoutMs);
    socket.once('close', () => {
      clearTimeout(deadline);
      if (this.#arriving.delete(socket)) this.#settings.abandoned();
    });
    this.#http.emit('connection', socket);
  }

  /** Handshakes under way are cut off; channels stay up, but nobody pings them any more. */
  close(): void {
    for (const socket of this.#arriving.keys()) socket.destroy();
    clearInterval(this.#pings);
    this.#http.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { path, protocol } = this.#settings;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim().toLowerCase());
    if (path !== undefined && request.url?.split('?', 1)[0] !== path) refuse(socket, '404 Not Found', path);
    else if (!offered.includes(protocol)) refuse(socket, '400 Bad Request', `the subprotocol "${protocol}" is needed`);
    else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#joined(webSocket, socket));
  }

  #joined(webSocket: ConstructorParameters<typeof NodeWebSocketChannel>[0], socket: Duplex): void {
    const stream = this.#arriving.get(socket);
    if (stream === undefined) {
      webSocket.terminate();
      return;
    }
    this.#arriving.delete(socket);
    const channel = new NodeWebSocketChannel(webSocket, stream);
    this.#channels.add(channel);
    socket.once('close', () => this.#channels.delete(channel));
    this.#pings ??= setInterval(() => {
      for (const one of this.#channels) one.ping(PINGS_MAX);
    }, PING_MS).unref();
    this.#settings.connected(channel);
  }
}

function refuse(socket: Duplex, status: string, why: string): void {
  const body = `${why}\n`;
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
  socket.end(head + body);
}
