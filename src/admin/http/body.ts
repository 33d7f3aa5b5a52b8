import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { HttpFaceLimits } from './limits.ts';
import { callerOf } from './request-caller.ts';

/** A body that is larger than its sender may send. Ends the request with 413. */
class BodyTooLarge extends Error {
  readonly statusCode = 413;
}

/** Reads a body as text, whatever its Content-Type says: the stock clients say all kinds of things. */
export function readBody(
  request: FastifyRequest,
  payload: Readable,
  limits: HttpFaceLimits,
  done: (error: Error | null, body?: string) => void,
): void {
  const isServer = callerOf(request)?.role === 'server';
  const limit = isServer ? limits.maxServerBodyBytes : limits.maxHubBodyBytes;
  const chunks: Buffer[] = [];
  let size = 0;
  let isDone = false;
  const finish = (error: Error | null, body?: string): void => {
    if (isDone) return;
    isDone = true;
    done(error, body);
  };
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limit) {
    finish(new BodyTooLarge(`the body has ${announced} bytes; at most ${limit} are taken`));
    return;
  }
  payload.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) {
      chunks.push(chunk);
      return;
    }
    chunks.length = 0;
    finish(new BodyTooLarge(`the body is larger than ${limit} bytes`));
  });
  payload.once('end', () => finish(null, Buffer.concat(chunks).toString('utf8')));
  payload.once('error', (error: Error) => finish(error));
}
