import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import type { Endpoint } from '#io';
import type { AdminContext } from '../operations/context.ts';
import { apiRoutes } from './api-routes.ts';
import { readBody } from './body.ts';
import { HttpConnections } from './connections.ts';
import type { Guard } from './guard.ts';
import { defaultHttpFaceLimits, type HttpFaceLimits } from './limits.ts';
import { pageRoutes, type Health } from './page-routes.ts';

export interface HttpFaceOptions {
  readonly context: AdminContext;
  readonly guard: Guard;
  readonly health: Health;
  readonly limits?: HttpFaceLimits;
  /**
   * `password`: connections from the network. `socket`: the local socket, whose file permissions say who may use it;
   * every caller is the server administrator there.
   */
  readonly trust?: 'password' | 'socket';
}

/** What the address of a caller on the local socket is called. */
const SOCKET_ADDRESS = 'admin.sock';

/** The HTTP server: JSON-RPC, its documentation, health and metrics. Listens on nothing of the network by itself. */
export class HttpFace {
  readonly #app: FastifyInstance;
  readonly #connections: HttpConnections;
  readonly #isSocket: boolean;

  private constructor(app: FastifyInstance, connections: HttpConnections, isSocket: boolean) {
    this.#app = app;
    this.#connections = connections;
    this.#isSocket = isSocket;
  }

  static async open(options: HttpFaceOptions): Promise<HttpFace> {
    const { context, limits = defaultHttpFaceLimits, trust = 'password' } = options;
    const connections = new HttpConnections(context.clock, limits);
    const app = fastify({
      http: { maxHeaderSize: limits.maxHeadBytes },
      bodyLimit: limits.maxServerBodyBytes,
      // Told to clients, so that they do not send into a connection that is about to be closed.
      keepAliveTimeout: limits.idleTimeoutMs,
      logger: false,
      forceCloseConnections: true,
    });
    followRequests(app, connections);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (request, payload, done) => readBody(request, payload, limits, done));
    const deps = { ...options, limits, trust, addressOf: (stream: Duplex) => connections.addressOf(stream) };
    apiRoutes(app, deps);
    pageRoutes(app, deps);
    app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('not found\n'));
    app.setErrorHandler((error, request, reply) => {
      const status = statusOf(error);
      if (status >= 500) context.logger.error({ err: error, path: request.url }, 'HTTP request failed');
      const text = status >= 500 || !(error instanceof Error) ? 'internal error' : error.message;
      return reply.code(status).header('connection', 'close').type('text/plain').send(`${text}\n`);
    });
    const face = new HttpFace(app, connections, trust === 'socket');
    app.server.on('connection', (stream: Duplex) => face.#admit(stream));
    await app.ready();
    return face;
  }

  /** Serves a connection that somebody else accepted. What it has sent so far must be in the stream. */
  accept(stream: Duplex, remote: Endpoint): void {
    stream.on('error', () => stream.destroy());
    if (this.#connections.add(stream, remote.address)) this.#app.server.emit('connection', stream);
  }

  /** Listens on a Unix socket; who may connect is up to the permissions of `path`. */
  async listenUnix(path: string): Promise<void> {
    await this.#app.listen({ path });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    this.#connections.destroyAll();
    await this.#app.close();
  }

  /** Connections of the Unix socket come from Node itself; those of `accept` are known already. */
  #admit(stream: Duplex): void {
    if (this.#isSocket && this.#connections.addressOf(stream) === '') this.#connections.add(stream, SOCKET_ADDRESS);
  }
}

function followRequests(app: FastifyInstance, connections: HttpConnections): void {
  app.addHook('onRequest', (request, _reply, done) => {
    connections.requestBegan(request.raw.socket);
    // Whatever a client says of its body, it is text: fastify would refuse a type that is none.
    if (request.raw.headers['content-type'] !== undefined) request.raw.headers['content-type'] = 'text/plain';
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    connections.requestComplete(request.raw.socket);
    done();
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    connections.answerBegan(request.raw.socket);
    done(null, payload);
  });
  app.addHook('onResponse', (request, _reply, done) => {
    connections.answerComplete(request.raw.socket);
    done();
  });
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 ? status : 500;
}
