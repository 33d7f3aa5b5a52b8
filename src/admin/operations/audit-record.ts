import type { Caller } from './caller.ts';

/** One thing that an operation changed. */
export interface AuditChange {
  /** `hub DEFAULT`, `user alice of hub DEFAULT`, `listener 443`. */
  readonly target: string;
  readonly before: object | undefined;
  readonly after: object | undefined;
}

/** One call of a changing operation, as it happened; secrets still in it. */
export interface AuditEvent {
  readonly timeMs: number;
  readonly caller: Caller;
  readonly operation: string;
  /** `done`, or the error number that the caller got. */
  readonly outcome: 'done' | number;
  readonly changes: readonly AuditChange[];
}

/** An audit event as it is kept: JSON, without any secret. */
export interface AuditRecord {
  /** RFC 3339, UTC */
  readonly time: string;
  readonly role: Caller['role'];
  /** The hub that a hub administrator administers. */
  readonly hub?: string;
  readonly from: string;
  readonly face: Caller['face'];
  readonly operation: string;
  readonly outcome: 'done' | number;
  /** Only what differs; a secret is told as "set", "changed" or "removed". */
  readonly changes: readonly {
    readonly target: string;
    readonly before?: Readonly<Record<string, unknown>>;
    readonly after?: Readonly<Record<string, unknown>>;
  }[];
}

/** Keys whose values never reach the log, at any depth. */
const secretKeys: ReadonlySet<string> = new Set([
  'hashedPassword',
  'securePassword',
  'hashedKey',
  'ntHash',
  'password',
  'privateKeyPem',
  'secret',
  'ha1Md5',
  'ha1Sha256',
  'ha1Sha512',
  'ha1bMd5',
]);

export function auditRecordOf(event: AuditEvent): AuditRecord {
  const { caller } = event;
  return {
    time: new Date(event.timeMs).toISOString(),
    role: caller.role,
    ...(caller.role === 'hub' ? { hub: caller.hubName } : {}),
    from: caller.remoteAddress,
    face: caller.face,
    operation: event.operation,
    outcome: event.outcome,
    changes: event.changes.map(({ target, before, after }) => ({ target, ...difference(before, after) })),
  };
}

type Flat = Readonly<Record<string, unknown>>;

function difference(before: object | undefined, after: object | undefined): { before?: Flat; after?: Flat } {
  const from = flatten(before);
  const to = flatten(after);
  const keys = [...new Set([...from.keys(), ...to.keys()])].filter((key) => !isSame(from.get(key), to.get(key)));
  const side = (values: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>, gone: string): Flat =>
    Object.fromEntries(
      keys
        .filter((key) => values.has(key))
        .map((key) => [key, isSecret(key) ? (others.has(key) ? 'changed' : gone) : values.get(key)]),
    );
  return {
    ...(before === undefined ? {} : { before: side(from, to, 'removed') }),
    ...(after === undefined ? {} : { after: side(to, from, 'set') }),
  };
}

function isSecret(key: string): boolean {
  return secretKeys.has(key.slice(key.lastIndexOf('.') + 1));
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** `auth.kind` and so on: nested objects by path, so that one changed item shows alone. */
function flatten(value: object | undefined, prefix = '', into = new Map<string, unknown>()): Map<string, unknown> {
  for (const [key, item] of Object.entries(value ?? {})) {
    if (typeof item === 'object' && item !== null && !Array.isArray(item) && !Buffer.isBuffer(item)) {
      flatten(item as object, `${prefix}${key}.`, into);
    } else if (item !== undefined) {
      into.set(prefix + key, Buffer.isBuffer(item) ? item.toString('hex') : item);
    }
  }
  return into;
}
