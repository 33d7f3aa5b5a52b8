import type { FastifyInstance } from 'fastify';
import { isLoopback } from './authenticate.ts';
import { requireCaller, type ApiDeps } from './api-routes.ts';
import { frontPage } from './pages.ts';
import { callerOf } from './request-caller.ts';

/** What the server knows of its own health; app supplies it. */
export interface Health {
  /** Why the server should not get work now; empty = it is ready. */
  notReady(): readonly string[];
  /** In the text format of Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface PageDeps extends ApiDeps {
  readonly health: Health;
}

/** `/`, `/healthz` (the process serves), `/readyz` (and may get work), `/metrics` (for the server's administrators). */
export function pageRoutes(app: FastifyInstance, deps: PageDeps): void {
  const { context, health } = deps;
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(frontPage(context.info.productName)));
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const reasons = health.notReady();
    const text = reasons.length === 0 ? 'ready' : reasons.join('\n');
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(`${text}\n`);
  });
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
