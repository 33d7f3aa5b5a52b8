import { HubfarmError } from '#base';
import { Conflict, Forbidden, Unavailable } from '../backplane.ts';
import { BadRequest } from '../limits.ts';
import { RpcError, status } from './rpc/rpc-error.ts';

/** The engine's history does not go back so far any more. */
export class Compacted extends HubfarmError {
  constructor(message: string, options?: ErrorOptions) {
    super('COMPACTED', message, options);
  }
}

/** What the engine's refusal is for those who use the interface. */
export function judged(error: unknown): unknown {
  if (!(error instanceof RpcError)) return error;
  const { message } = error;
  const options = { cause: error };
  switch (error.status) {
    case status.notFound:
      // The only thing that a write can miss.
      return new Conflict(`the lease is gone; nothing was applied (${message})`, options);
    case status.permissionDenied:
    case status.unauthenticated:
      return new Forbidden(`this server may not do that in the cluster; nothing was applied (${message})`, options);
    case status.invalidArgument:
      return /permission|user name|auth/.test(message)
        ? new Forbidden(`the engine does not know this server; nothing was applied (${message})`, options)
        : new BadRequest(`the engine does not take it; nothing was applied (${message})`, options);
    case status.resourceExhausted:
      return message.includes('space exceeded')
        ? new Unavailable(
            `${message}; nothing was changed; see docs/operations/engine.md, "the engine is full"`,
            options,
            'STORE_FULL',
          )
        : new BadRequest(`the engine does not take it; nothing was applied (${message})`, options);
    case status.outOfRange:
      return new Compacted(message, options);
    default:
      if (message.includes('permission denied')) {
        return new Forbidden(`this server may not do that in the cluster; nothing was applied (${message})`, options);
      }
      return new Unavailable(`the engine failed: ${message}; it is not certain whether the change was made`, options);
  }
}
