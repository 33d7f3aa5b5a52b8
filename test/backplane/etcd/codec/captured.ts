import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

interface Captured {
  readonly name: string;
  readonly method: string;
  readonly requests: readonly string[];
  readonly responses: readonly string[];
}

const path = join(resolve(import.meta.dirname, '../../../..'), 'test/vectors/etcd/messages.json');
const { messages } = JSON.parse(readFileSync(path, 'utf8')) as { readonly messages: readonly Captured[] };

/** What etcdctl and etcd said to each other. */
export function captured(name: string): { readonly requests: Buffer[]; readonly responses: Buffer[] } {
  const found = messages.find((message) => message.name === name);
  if (found === undefined) throw new Error(`no captured message ${name}`);
  const bytes = (hexes: readonly string[]): Buffer[] => hexes.map((hex) => Buffer.from(hex, 'hex'));
  return { requests: bytes(found.requests), responses: bytes(found.responses) };
}

export const allCaptured = (): Buffer[] =>
  messages.flatMap(({ requests, responses }) => [...requests, ...responses]).map((hex) => Buffer.from(hex, 'hex'));
