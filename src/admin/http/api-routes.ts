import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../operations/caller.ts';
import { documentationPage } from '../documentation/html.ts';
import type { AdminContext } from '../operations/context.ts';
import { authenticate } from './authenticate.ts';
import { isFromAnotherSite, readCredentials } from './credentials.ts';
import type { Guard } from './guard.ts';
import { callMethod, serveRpc } from './json-rpc.ts';
import { unauthorizedPage } from './pages.ts';
import { callerOf, setCaller } from './request-caller.ts';

export interface ApiDeps {
  readonly context: AdminContext;
  readonly guard: Guard;
  readonly trust: 'password' | 'socket';
  addressOf(stream: Duplex): string;
}

const REALM =
  "Username 'administrator' for entire VPN Server privilege, or specify Virtual Hub name as the username " +
  'for specified Virtual Hub administrative privilege.';

/** `/api` and `/api/`: POST calls a method, GET shows the documentation; `/api/<Method>?Name_str=…` calls one by GET. */
export function apiRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { context } = deps;
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    setHeaders(request, reply);
    return requireCaller(deps, request, reply);
  };
  for (const path of ['/api', '/api/']) {
    app.post(path, { onRequest }, async (request, reply) => {
      const body = typeof request.body === 'string' ? request.body : '';
      return reply.type('application/json').send(JSON.stringify(await serveRpc(context, body, caller(request))));
    });
    app.options(path, (request, reply) => {
      setHeaders(request, reply);
      return reply.header('Allow', 'OPTIONS, GET, POST').send('');
    });
    app.get(path, (request, reply) => {
      setHeaders(request, reply);
      return reply.type('text/html; charset=utf-8').send(documentationPage());
    });
  }
  app.get<{ Params: { method: string } }>('/api/:method', { onRequest }, async (request, reply) => {
    const id = new Date(context.clock.wallMs()).toISOString();
    const answer = await callMethod(context, request.params.method, request.query, id, caller(request));
    return reply.type('text/plain; charset=utf-8').send(`${JSON.stringify(answer, null, 2)}\n`);
  });
}

/** As the original sends them. Credentials that a browser adds by itself are refused from other sites, see below. */
function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin !== undefined) void reply.header('Access-Control-Allow-Origin', origin).header('Vary', 'Origin');
  void reply
    .header('Access-Control-Allow-Methods', 'OPTIONS,GET,POST')
    .header('Access-Control-Allow-Headers', 'X-VPNADMIN-HUBNAME,X-VPNADMIN-PASSWORD')
    .header('Access-Control-Allow-Credentials', 'true')
    .header('Cache-Control', 'no-cache');
}

/** Finds out who asks, before any of the body is read. Answers by itself, and returns the answer, if nobody may. */
export async function requireCaller(deps: ApiDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { context, guard, trust } = deps;
  const address = deps.addressOf(request.raw.socket);
  if (trust === 'socket') {
    setCaller(request, { role: 'server', remoteAddress: address, face: 'socket' });
    return undefined;
  }
  const credentials = readCredentials(request.headers);
  if (credentials === undefined) return refuse(reply, 401);
  if (credentials.kind === 'basic' && isFromAnotherSite(request.headers)) return refuse(reply, 403);
  const answer = await authenticate(context, guard, address, credentials);
  if (answer.kind === 'caller') {
    setCaller(request, answer.caller);
    return undefined;
  }
  return refuse(reply, answer.kind === 'banned' ? 429 : 401);
}

const reasons = {
  403: 'Remembered passwords do not count for requests of other sites: send X-VPNADMIN-PASSWORD.\n',
  429: 'Too many failed attempts from this address. Try again later.\n',
};

/** The connection ends, so that nobody has to read the body of a request that was refused. */
function refuse(reply: FastifyReply, status: 401 | 403 | 429): FastifyReply {
  void reply.code(status).header('connection', 'close');
  if (status !== 401) return reply.type('text/plain').send(reasons[status]);
  return reply
    .header('WWW-Authenticate', `Basic realm="${REALM}"`)
    .type('text/html; charset=utf-8')
    .send(unauthorizedPage());
}

function caller(request: FastifyRequest): Caller {
  const found = callerOf(request);
  if (found === undefined) throw new Error('a route without authentication called an operation');
  return found;
}
