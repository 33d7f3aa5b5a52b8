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
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new BadMessage('not an object');
    this.#values = new Map(Object.entries(body));
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string {
    const value = this.#values.get(name);
    return typeof value === 'string' && value.length <= maxTextLength ? value : this.#fail(name);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#values.get(name);
    return allowed.find((word) => word === value) ?? this.#fail(name);
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    const value = this.#values.get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : this.#fail(name);
  }

  flag(name: string): boolean {
    const value = this.#values.get(name);
    return typeof value === 'boolean' ? value : this.#fail(name);
  }

  /** Bytes as base64; `length`: what they must be. */
  bytes(name: string, length?: number): Buffer {
    const bytes = Buffer.from(this.text(name), 'base64');
    return length === undefined || bytes.length === length ? bytes : this.#fail(name);
  }

  /** At most `maxItems`. */
  list(name: string, maxItems: number): readonly unknown[] {
    const value: unknown = this.#values.get(name);
    return Array.isArray(value) && value.length <= maxItems ? (value as readonly unknown[]) : this.#fail(name);
  }

  object(name: string): Message {
    const value = this.#values.get(name);
    return typeof value === 'object' && value !== null ? new Message(value) : this.#fail(name);
  }

  #fail(name: string): never {
    throw new BadMessage(`"${name}" is missing, or has the wrong type or size`);
  }
}

/** A policy as JSON; items that the sender does not know keep their default. */
export function policyOfMessage(message: Message): Policy {
  const policy: Record<string, number | boolean> = {};
  for (const [name, fallback] of Object.entries(defaultPolicy) as [keyof Policy, number | boolean][]) {
    if (!message.has(name)) continue;
    policy[name] = typeof fallback === 'boolean' ? message.flag(name) : message.count(name);
  }
  return { ...defaultPolicy, ...policy };
}
