import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pack } from '../../../src/softether/codec/pack.ts';
import type { PackType } from '../../../src/softether/codec/pack-element.ts';

/** An element as the vector files hold it: data as hex, int64 as decimal text. `redacted` ones have no values. */
export interface VectorElement {
  readonly name: string;
  readonly type: PackType;
  readonly values?: readonly (string | number)[];
}

interface PackVectors {
  readonly cases: readonly { desc: string; elements: readonly VectorElement[]; hex: string }[];
  readonly must_reject: readonly { desc: string; hex: string }[];
}

/** One HTTP message, or one block of the stream after it. */
export interface CapturedMessage {
  readonly dir: 'client->server' | 'server->client';
  readonly http?: readonly string[];
  readonly pack?: readonly VectorElement[];
  readonly body_hex?: string;
  readonly body_len?: number;
  readonly watermark_sha256_first_1411?: string;
  readonly hex?: string;
}

interface Capture {
  readonly connections: readonly { connection: number; messages: readonly CapturedMessage[] }[];
}

interface AdminRpcCapture {
  readonly functions: Readonly<
    Record<string, { readonly request: readonly VectorElement[]; readonly response: readonly VectorElement[] }>
  >;
}

interface HashVectors {
  readonly sha0: readonly { ascii: string; hex: string }[];
  readonly hash_password: readonly { user: string; password: string; hex: string }[];
  readonly admin_password: readonly { password: string; hex: string }[];
  readonly secure_password: readonly { hashed: string; random: string; hex: string }[];
  readonly captured: readonly {
    input: { user?: string; password: string };
    hashed: string;
    random: string;
    secure: string;
  }[];
  readonly hub_password_fields_captured: { readonly HashedPassword: string; readonly SecurePassword: string };
}

const folder = join(import.meta.dirname, '../../vectors/softether');

interface VectorFiles {
  readonly pack: PackVectors;
  readonly hashes: HashVectors;
  readonly 'admin-rpc': AdminRpcCapture;
  readonly 'login-redirect': Capture;
  readonly 'login-ticket-session': Capture;
  readonly 'farm-member': Capture;
}

export function readVectors<Name extends keyof VectorFiles>(name: Name): VectorFiles[Name] {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as VectorFiles[Name];
}

const captureNames = ['login-redirect', 'login-ticket-session', 'farm-member'] as const;

export function capturedMessages(): CapturedMessage[] {
  return captureNames.flatMap((name) => readVectors(name).connections.flatMap((connection) => connection.messages));
}

/** The document that the elements describe, redacted ones left out. */
export function packOf(elements: readonly VectorElement[]): Pack {
  const pack = new Pack();
  for (const { name, type, values } of elements) {
    if (values === undefined) continue;
    if (type === 'data')
      pack.set(
        type,
        name,
        values.map((value) => Buffer.from(String(value), 'hex')),
      );
    else if (type === 'int64') pack.set(type, name, values.map(BigInt));
    else if (type === 'int') pack.set(type, name, values.map(Number));
    else pack.set(type, name, values.map(String));
  }
  return pack;
}

/** The PACK of the message that `isWanted` picks first. */
export function capturedPack(name: (typeof captureNames)[number], isWanted: (pack: Pack) => boolean): Pack {
  const messages = readVectors(name).connections.flatMap((connection) => connection.messages);
  const packs = messages.flatMap((message) => (message.pack === undefined ? [] : [packOf(message.pack)]));
  const found = packs.find(isWanted);
  if (found === undefined) throw new Error(`no such PACK in ${name}`);
  return found;
}
