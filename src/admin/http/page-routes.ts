import type { FastifyInstance, FastifyReply } from 'fastify';
import { isLoopback } from './authenticate.ts';
import { requireCaller, type ApiDeps } from './api-routes.ts';
import { frontPage } from './pages.ts';
import { callerOf } from './request-caller.ts';

/** HTTP status and plain text. */
export interface HealthReport {
  readonly status: number;
  readonly body: string;
}

/** What the server knows of its own health; app supplies it. */
export interface Health {
  /** The process serves: there is no point in starting it again. */
  healthz(): HealthReport;
  /** It may get new sessions. */
  readyz(): HealthReport;
  /** It is the controller of its cluster (alone, it always is): a floating address belongs here. */
  controllerz(): HealthReport;
  /** In the text format of Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface PageDeps extends ApiDeps {
  readonly health: Health;
}

/**
 * `/`, `/healthz` (the process serves), `/readyz` (and may get work), `/controllerz` (and is the controller), `/metrics` (for
 * the server's administrators).
 */
export function pageRoutes(app: FastifyInstance, deps: PageDeps): void {
  const { context, health } = deps;
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(frontPage(context.info.productName)));
  const report = (reply: FastifyReply, { status, body }: HealthReport): FastifyReply =>
    reply.code(status).header('Cache-Control', 'no-cache').type('text/plain').send(body);
  app.get('/healthz', (_request, reply) => report(reply, health.healthz()));
  app.get('/readyz', (_request, reply) => report(reply, health.readyz()));
  app.get('/controllerz', (_request, reply) => report(reply, health.controllerz()));
  app.get(
    '/metrics',
    {
      // A collector on the same machine needs no password; anybody else would learn names and habits of users.
      onRequest: async (request, reply) =>
        isLoopback(deps.addressOf(request.raw.socket)) ? undefined : requireCaller(deps, request, reply),
    },
    async (request, reply) => {
      if (callerOf(request)?.role === 'hub') {
        return reply.code(403).type('text/plain').send('metrics are for the administrators of the server\n');
      }
      const { contentType, body } = await health.metrics();
      return reply.type(contentType).send(body);
    },
  );
}
