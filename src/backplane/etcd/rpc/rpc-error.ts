import { HubfarmError } from '#base';

/** gRPC's status codes, those that matter here. */
export const status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The engine, or the way to it, said no. */
export class RpcError extends HubfarmError {
  readonly status: number;
  /** Certainly nothing was done. */
  readonly isUntouched: boolean;

  constructor(status: number, message: string, isUntouched: boolean, options?: ErrorOptions) {
    super('RPC', message, options);
    this.status = status;
    this.isUntouched = isUntouched;
  }

  /** Another voter, or the same a moment later, may answer. */
  get isPassing(): boolean {
    return (
      this.status === status.unavailable ||
      this.status === status.deadlineExceeded ||
      this.status === status.cancelled ||
      this.message.includes(tooMany) ||
      this.message.includes(oldAccess) ||
      this.message.includes(isEnding)
    );
  }
}

/** The answer is more than we take. */
export class AnswerTooLarge extends RpcError {
  constructor(message: string, options?: ErrorOptions) {
    super(status.outOfRange, message, false, options);
  }
}

const tooMany = 'etcdserver: too many requests';
/** Somebody's rights were changed while the request was under way. */
const oldAccess = 'etcdserver: revision of auth store is old';

/** Of an engine that is just being taken out, or stopped. */
const isEnding = 'raft: stopped';

/** What etcd says before it has begun with a request (3.4 to 3.6: api/v3rpc/rpctypes/error.go). */
const untouched = [
  'etcdserver: no leader',
  tooMany,
  oldAccess,
  'etcdserver: rpc not supported for learner',
  'etcdserver: not capable',
];

/** From the trailers of an answer. `message` is percent-encoded UTF-8. */
export function answeredError(code: number, message: string, endpoint: string): RpcError {
  const text = decoded(message);
  const isRefused = untouched.some((known) => text.includes(known)) || certain.has(code);
  return new RpcError(code, `${endpoint} answered: ${text === '' ? `status ${code}` : text}`, isRefused);
}

/** With these a request was judged and refused. */
const certain: ReadonlySet<number> = new Set([
  status.invalidArgument,
  status.notFound,
  status.alreadyExists,
  status.permissionDenied,
  status.resourceExhausted,
  status.failedPrecondition,
  status.outOfRange,
  status.unauthenticated,
]);

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
