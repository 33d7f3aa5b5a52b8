import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Rfc4475Message {
  readonly name: string;
  readonly section: string;
  readonly kind: 'valid' | 'invalid' | 'transaction' | 'app' | 'compat';
  readonly what: string;
  readonly octets: number;
  /** One character for each octet. */
  readonly latin1: string;
}

export function rfc4475Messages(): readonly Rfc4475Message[] {
  const path = join(import.meta.dirname, '../../vectors/sip/rfc4475.json');
  const { messages } = JSON.parse(readFileSync(path, 'utf8')) as { messages: Rfc4475Message[] };
  return messages;
}

/** Bytes of a message of RFC 4475 by its name there. */
export function rfc4475(name: string): Buffer {
  const found = rfc4475Messages().find((message) => message.name === name);
  if (found === undefined) throw new RangeError(`RFC 4475 has no message ${name}`);
  return Buffer.from(found.latin1, 'latin1');
}
