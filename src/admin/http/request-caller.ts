import type { FastifyRequest } from 'fastify';
import type { Caller } from '../operations/caller.ts';

/** Who was found to have sent a request, kept beside it. */
const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Undefined: not asked for, or not proved. */
export function callerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request);
}
