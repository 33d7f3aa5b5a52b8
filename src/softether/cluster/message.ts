import { HubfarmError } from '#base';
import { defaultPolicy, type Policy } from '#hub';

/** What another member sent is not what was agreed upon: a mixture of versions, most likely. */
export class BadMessage extends HubfarmError {
  constructor(message: string) {
    super('BAD_MESSAGE', message);
  }
}

/** The longest text in any message: names are 255 characters, a certificate in base64 some thousands. */
const maxTextLength = 65_536;

/** Typed access to a JSON object that came over the bus. Every method throws `BadMessage` on what is missing or another type. */
export class Message {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new BadMessage('not an object');
    this.#values = body as Readonly<Record<string, unknown>>;
  }

  /** Of what the sender has sent. */
  get names(): readonly string[] {
    return Object.keys(this.#values);
  }

  text(name: string): string {
    const value = this.#value(name);
    return typeof value === 'string' && value.length <= maxTextLength ? value : this.#fail(name);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#value(name);
    return allowed.find((word) => word === value) ?? this.#fail(name);
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    const value = this.#value(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.#fail(name);
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    return typeof value === 'boolean' ? value : this.#fail(name);
  }

  /** Bytes as base64; `length`: what they must be. */
  bytes(name: string, length?: number): Buffer {
    const bytes = Buffer.from(this.text(name), 'base64');
    return length === undefined || bytes.length === length ? bytes : this.#fail(name);
  }

  /** At most `maxItems`. */
  list(name: string, maxItems: number): readonly unknown[] {
    const value: unknown = this.#value(name);
    return Array.isArray(value) && value.length <= maxItems ? (value as readonly unknown[]) : this.#fail(name);
  }

  object(name: string): Message {
    const value = this.#value(name);
    return typeof value === 'object' && value !== null ? new Message(value) : this.#fail(name);
  }

  /** Never what every object has of its prototype. */
  #value(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #fail(name: string): never {
    throw new BadMessage(`"${name}" is missing, or has the wrong type or size`);
  }
}

/** What of a policy is sent: most users have the default one, which has 38 items. */
export function policyToSend(policy: Policy): Partial<Policy> {
  if (policy === defaultPolicy) return {};
  const items = Object.entries(policy) as [keyof Policy, number | boolean][];
  return Object.fromEntries(items.filter(([name, value]) => value !== defaultPolicy[name]));
}

/** A policy as JSON; items that are not sent, or that the sender does not know, have their default. */
export function policyOfMessage(message: Message): Policy {
  const sent = message.names.filter((name): name is keyof Policy => Object.hasOwn(defaultPolicy, name));
  if (sent.length === 0) return defaultPolicy;
  const policy: Partial<Record<keyof Policy, number | boolean>> = {};
  for (const name of sent) {
    policy[name] = typeof defaultPolicy[name] === 'boolean' ? message.flag(name) : message.count(name);
  }
  return { ...defaultPolicy, ...policy } as Policy;
}
