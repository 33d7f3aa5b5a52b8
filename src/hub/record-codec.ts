import { DirectoryError } from './errors.ts';
import { defaultPolicy } from './policy.ts';
import type { HubRecord, Policy, UserAuth, UserRecord } from './records.ts';

/** Records as JSON. Decoding fills in what an older version did not write and refuses what has the wrong type. */
export function encodeRecord(record: object): string {
  return JSON.stringify(record);
}

export function decodeHubRecord(key: string, value: Uint8Array): HubRecord {
  const fields = new Fields(key, value);
  return {
    name: fields.string('name'),
    kind: fields.oneOf('kind', ['standalone', 'static', 'dynamic']),
    isOnline: fields.boolean('isOnline', true),
    maxSessions: fields.number('maxSessions', 0),
    isHiddenFromEnum: fields.boolean('isHiddenFromEnum', false),
    hashedPassword: fields.string('hashedPassword', ''),
    securePassword: fields.string('securePassword', ''),
    message: fields.string('message', ''),
    createdAtMs: fields.number('createdAtMs', 0),
  };
}

export function decodeUserRecord(key: string, value: Uint8Array): UserRecord {
  const fields = new Fields(key, value);
  return {
    name: fields.string('name'),
    groupName: fields.string('groupName', ''),
    realName: fields.string('realName', ''),
    note: fields.string('note', ''),
    auth: decodeAuth(fields.object('auth') ?? fields.fail('auth')),
    createdAtMs: fields.number('createdAtMs', 0),
    updatedAtMs: fields.number('updatedAtMs', 0),
    expiresAtMs: fields.number('expiresAtMs', 0),
    policy: decodePolicy(fields.object('policy')),
  };
}

function decodeAuth(fields: Fields): UserAuth {
  const kind = fields.oneOf('kind', [
    'anonymous',
    'password',
    'userCertificate',
    'signedCertificate',
    'radius',
    'ntDomain',
  ]);
  switch (kind) {
    case 'anonymous':
      return { kind };
    case 'password':
      return { kind, hashedKey: fields.string('hashedKey'), ntHash: fields.string('ntHash', '') };
    case 'userCertificate':
      return { kind, certificate: fields.string('certificate') };
    case 'signedCertificate':
      return { kind, commonName: fields.string('commonName', ''), serial: fields.string('serial', '') };
    case 'radius':
      return { kind, radiusName: fields.string('radiusName', '') };
    case 'ntDomain':
      return { kind, ntName: fields.string('ntName', '') };
  }
}

function decodePolicy(fields: Fields | undefined): Policy | undefined {
  if (fields === undefined) return undefined;
  const policy: Record<string, number | boolean> = {};
  for (const [name, fallback] of Object.entries(defaultPolicy) as [keyof Policy, number | boolean][]) {
    policy[name] = typeof fallback === 'boolean' ? fields.boolean(name, fallback) : fields.number(name, fallback);
  }
  return { ...defaultPolicy, ...policy };
}

/** Typed access to the fields of a JSON object of the store. */
export class Fields {
  readonly #where: string;
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(where: string, value: Uint8Array | ReadonlyMap<string, unknown>) {
    this.#where = where;
    this.#values = value instanceof Uint8Array ? parseObject(where, value) : value;
  }

  string(name: string, fallback?: string): string {
    const value = this.#values.get(name) ?? fallback;
    return typeof value === 'string' ? value : this.fail(name);
  }

  number(name: string, fallback?: number): number {
    const value = this.#values.get(name) ?? fallback;
    return typeof value === 'number' ? value : this.fail(name);
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.#values.get(name) ?? fallback;
    return typeof value === 'boolean' ? value : this.fail(name);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#values.get(name);
    return allowed.find((word) => word === value) ?? this.fail(name);
  }

  object(name: string): Fields | undefined {
    const value = this.#values.get(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object') return this.fail(name);
    return new Fields(`${this.#where}, ${name}`, new Map(Object.entries(value)));
  }

  fail(name: string): never {
    throw new DirectoryError('BAD_RECORD', `${this.#where}: field "${name}" is missing or has the wrong type`);
  }
}

function parseObject(where: string, bytes: Uint8Array): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new DirectoryError('BAD_RECORD', `${where}: not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null) throw new DirectoryError('BAD_RECORD', `${where}: not an object`);
  return new Map(Object.entries(value));
}
